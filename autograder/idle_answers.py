"""Answers that do nothing: the reference with empty bodies. They must earn nothing, whatever they give back.

A test that asks that something stays as it was, or that nothing is drawn at 0, passes for an answer that does not do
anything: such a test needs the mark `secondary`, or must ask for the result as well.
"""

import ast
from types import MappingProxyType

from autograder.build import without_markers
from autograder.course import Assignment, Exercise
from autograder.reference import load_reference

# What a body gives back, of its first argument {x}. An array is as long as that one; what is no array gives a number.
IDLE = MappingProxyType({
    "nothing": "None",
    "its first argument": "{x}",
    "zero": "0",
    "zeros": "{x} * 0 if hasattr({x}, 'shape') else 0",
    "NaN": "{x} * float('nan') if hasattr({x}, 'shape') else float('nan')",
})  # fmt: skip


def idle_answers(assignment: Assignment, gives: str) -> dict[str, str]:
    """The answer cell of every exercise that has functions, with bodies that give back one of IDLE."""
    reference = load_reference(assignment).answers
    return {
        exercise.name: _Emptied(exercise, IDLE[gives]).text(without_markers(reference[exercise.name]))
        for exercise in assignment.exercises
        if exercise.functions
    }


class _Emptied(ast.NodeTransformer):
    """Functions and methods keep their signatures, constructors call the one they inherit."""

    def __init__(self, exercise: Exercise, gives: str) -> None:
        self._exercise, self._gives = exercise, gives

    def text(self, source: str) -> str:
        return ast.unparse(ast.fix_missing_locations(self.visit(ast.parse(source))))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        if node.name == "__init__":
            node.body = ast.parse("super().__init__()").body
            return node
        names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
        given = [name for name in names if name not in ("self", "ctx")]
        result = f"({self._gives.format(x=given[0])})" if given else "None"
        count = len(self._exercise.functions.get(node.name, ("one",)))
        node.body = [ast.Return(ast.parse(", ".join([result] * count), mode="eval").body)]
        return node
