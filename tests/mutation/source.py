"""mutmut leaves decorated functions alone, and nearly every operator is one: the same code without the decorators."""

import ast


def decorators_inside(code: str) -> str:
    """`@reported_by("f")` on a function -> `with reported_by("f"):` around its body, which does the same.

    So with every decorator that is a call of a context manager, the only kind in numpy_ops.
    """
    lines = code.splitlines()
    functions = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.FunctionDef)]
    for function in sorted(functions, key=lambda node: node.lineno, reverse=True):
        calls = [node for node in function.decorator_list if isinstance(node, ast.Call)]
        if calls:
            _move(lines, function, calls)
    return "\n".join(lines) + "\n"


def _move(lines: list[str], function: ast.FunctionDef, calls: list[ast.Call]) -> None:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    indent = " " * body[0].col_offset
    inside = slice(body[0].lineno - 1, function.end_lineno)
    managers = ", ".join(ast.unparse(call) for call in calls)
    lines[inside] = [f"{indent}with {managers}:", *("    " + line for line in lines[inside])]
    for call in reversed(calls):
        del lines[call.lineno - 1 : call.end_lineno]
