"""Reads the code of a cell without running it: the names it uses, those it may not use, the imports it makes."""

import ast
import re
import symtable
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

from IPython.core.inputtransformer2 import TransformerManager

_MAGIC_LINE = re.compile(r"^\s*[%!?]|\?\s*$|=\s*[%!]", re.MULTILINE)
_MAX_MAGICS = 20  # IPython reads the whole cell again for each
_RUN_TEXT = {"exec", "eval", "compile", "run_line_magic", "run_cell_magic", "run_cell", "ex"}
_LENIENT_IMPORT = "try:\n    {}\nexcept ImportError:\n    pass"


def names_used(source: str) -> set[str]:
    """Every name, attribute and imported part that the code uses. Empty where it cannot be parsed.

    An import that nothing uses does not count: editors add them.
    """
    tree = parse(source)
    return _names_in(tree) if tree is not None else set()


def forbidden_names(
    source: str, forbidden: tuple[str, ...], others: Iterable[str] = (), names: Iterable[str] = ()
) -> str:
    """The first forbidden name that the code uses, also as a text such as in getattr(F, "conv2d"); or ''.

    A name with a dot, `nn.BatchNorm2d`, is forbidden as an attribute or import alone: the answer's own class may be
    called so.

    others: the notebook's other cells; what `source` uses of them, directly or not, and what in them defines one of
    `names`, counts as if it stood in `source`. Of code that cannot be parsed every word counts.
    """
    if not forbidden:
        return ""
    tree = parse(source)
    if tree is None:
        used = set(re.findall(r"\w+", source))
        reached, wanted = [], set(names)
    else:
        used = set()
        reached, wanted = [tree], {*names, *_globals_used(tree)}
    seen = _follow(wanted, others, reached)
    for node in reached:
        used |= _names_in(node, seen) | _names_in_texts(node)
    return next((name for name in forbidden if name in used), "")


def defined_names(source: str) -> set[str]:
    """The names that a cell binds, in or outside of blocks, but for those inside of functions and classes."""
    tree = parse(source)
    return _bound(tree) if tree is not None else set()


def with_lenient_imports(source: str) -> str:
    """The code with each import at its top level allowed to fail, so that a junk import costs only what needs it."""
    tree = parse(source)
    try:
        parts = [(node, ast.unparse(node)) for node in tree.body] if tree is not None else [(None, source)]
    except RecursionError:
        return source
    imports = (ast.Import, ast.ImportFrom)
    return "\n".join(_LENIENT_IMPORT.format(text) if isinstance(node, imports) else text for node, text in parts)


@lru_cache(maxsize=512)
def parse(source: str) -> ast.Module | None:
    """The syntax tree of a notebook cell, magics included; None where it is no Python. Not to be changed."""
    try:
        return ast.parse(source)
    except SyntaxError:
        if not 0 < len(_MAGIC_LINE.findall(source)) <= _MAX_MAGICS:
            return None
    except (ValueError, RecursionError, MemoryError):
        return None
    try:
        return ast.parse(TransformerManager().transform_cell(source))
    except (SyntaxError, ValueError, RuntimeError, MemoryError):
        return None


def _names_in(tree: ast.AST, also: Iterable[str] = ()) -> set[str]:
    """Names and pairs such as `nn.Linear`. also: names that other code uses."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    wanted = {*names, *also, "*"}
    paths = [path.split(".") for bound, path in _imports(tree) if bound in wanted]
    paths += [[_last_name(node.value), node.attr] for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    pairs = {f"{module}.{name}" for path in paths for module, name in pairwise(path)}
    return names | pairs | {part for path in paths for part in path}


def _last_name(node: ast.AST) -> str:
    """The name that an attribute is taken of: `nn` in `torch.nn.Linear` and in `nn.Linear`."""
    return getattr(node, "attr", getattr(node, "id", ""))


def _names_in_texts(tree: ast.AST) -> set[str]:
    """Texts that are names, and the words of texts that are run as code, magics among them."""
    found = {part for text in _texts(tree) - _docstrings(tree) for part in text.split(".")}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in _RUN_TEXT:
            found |= {word for argument in node.args for text in _texts(argument) for word in re.findall(r"\w+", text)}
    return found


def _texts(tree: ast.AST) -> set[str]:
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _follow(wanted: set[str], others: Iterable[str], reached: list[ast.AST]) -> set[str]:
    """Add to `reached` the statements of `others` that define what is wanted, what those use, and so on.

    Returns all the names that were wanted on the way.
    """
    definitions: dict[str, list[ast.stmt]] = {}
    for tree in filter(None, map(parse, others)):
        for statement in tree.body:
            for name in _bound(statement):
                definitions.setdefault(name, []).append(statement)
    pending, seen = list(wanted), set(wanted)
    while pending:
        for statement in definitions.pop(pending.pop(), ()):
            if statement not in reached:
                reached.append(statement)
                new = _globals_used(statement) - seen
                pending += new
                seen |= new
    return seen


def _bound(tree: ast.AST) -> set[str]:
    found = set()
    for node in _outside_functions(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found.add(node.name)
            case ast.Name(ctx=ast.Store()):
                found.add(node.id)
            case ast.Import() | ast.ImportFrom():
                found |= {name for name, _ in _imports(node)}
    return found


def _outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            pending += ast.iter_child_nodes(node)


def _globals_used(tree: ast.AST) -> set[str]:
    """Names that come from outside: not the local variables of functions."""
    try:
        pending = [symtable.symtable(ast.unparse(tree), "cell", "exec")]
    except (SyntaxError, ValueError, RecursionError):
        return _names_in(tree)
    found = set()
    while pending:
        table = pending.pop()
        pending += table.get_children()
        outer = table.get_type() == "module"
        found |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and (outer or s.is_global())}
    return found


def _imports(tree: ast.AST) -> list[tuple[str, str]]:
    """(name bound here, what it stands for) for each import."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.asname or alias.name.split(".")[0], alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(alias.asname or alias.name, f"{node.module or ''}.{alias.name}") for alias in node.names]
    return found


def _docstrings(tree: ast.AST) -> set[str]:
    documented = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    nodes = [node for node in ast.walk(tree) if isinstance(node, documented)]
    return {ast.get_docstring(node, clean=False) or "" for node in nodes}
