"""Reads the code of a cell without running it: the names it uses, those it may not use, the imports it makes."""

import ast

from IPython.core.inputtransformer2 import TransformerManager


def names_used(source: str) -> set[str]:
    """Every name, attribute and imported part that the code uses. Empty where it cannot be parsed.

    An import that nothing uses does not count: editors add them.
    """
    tree = parse(source)
    if tree is None:
        return set()
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    imported = [part for bound, path in _imports(tree) if bound in names or bound == "*" for part in path.split(".")]
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return names | attributes | set(imported)


def forbidden_names(source: str, forbidden: tuple[str, ...]) -> str:
    """The first forbidden name that the code uses, also as a text such as in getattr(F, "conv2d"); or ''."""
    tree = parse(source)
    if tree is None:
        return ""
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    used = names_used(source) | {part for text in texts - _docstrings(tree) for part in text.split(".")}
    return next((name for name in forbidden if name in used), "")


def with_lenient_imports(source: str) -> str:
    """The code with each import at its top level allowed to fail, so that a junk import costs only what needs it."""
    tree = parse(source)
    if tree is None:
        return source
    lenient = []
    for node in tree.body:
        text = ast.unparse(node)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            text = f"try:\n    {text}\nexcept ImportError:\n    pass"
        lenient.append(text)
    return "\n".join(lenient)


def parse(source: str) -> ast.Module | None:
    """The syntax tree of a notebook cell, magics included; None where it is no Python."""
    try:
        return ast.parse(TransformerManager().transform_cell(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _imports(tree: ast.Module) -> list[tuple[str, str]]:
    """(name bound here, what it stands for) for each import."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.asname or alias.name.split(".")[0], alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(alias.asname or alias.name, f"{node.module or ''}.{alias.name}") for alias in node.names]
    return found


def _docstrings(tree: ast.Module) -> set[str]:
    documented = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    nodes = [node for node in ast.walk(tree) if isinstance(node, documented)]
    return {ast.get_docstring(node, clean=False) or "" for node in nodes}
