"""Training images that were never taken: each step makes new arrays from a batch and an explicit generator."""

from course_lib.augment.colour import colour_jitter, pca_lighting, pixel_components
from course_lib.augment.geometry import horizontal_flip, random_resized_crop, resize
from course_lib.augment.mixing import cutmix, cutout, label_smoothing, mixup
from course_lib.augment.policy import OPERATIONS, operate, rand_augment

__all__ = [
    "OPERATIONS",
    "colour_jitter",
    "cutmix",
    "cutout",
    "horizontal_flip",
    "label_smoothing",
    "mixup",
    "operate",
    "pca_lighting",
    "pixel_components",
    "rand_augment",
    "random_resized_crop",
    "resize",
]
