"""What a model costs, by layer, and what it sees: by arithmetic, and measured by gradients."""

from course_lib.accounting.costs import LayerCost, activation_memory, count_macs, count_parameters, layer_costs
from course_lib.accounting.probes import (
    effective_receptive_field,
    gradient_map,
    measured_receptive_field,
)
from course_lib.accounting.receptive_fields import ReceptiveField, receptive_fields

__all__ = [
    "LayerCost",
    "ReceptiveField",
    "activation_memory",
    "count_macs",
    "count_parameters",
    "effective_receptive_field",
    "gradient_map",
    "layer_costs",
    "measured_receptive_field",
    "receptive_fields",
]
