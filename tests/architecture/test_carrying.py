"""Whatever leaves as a file asks for a fresh second factor, or stands here with the reason why it doesn't."""

import ast
from collections.abc import Iterator

from flask import Flask

from tests.architecture.source import APP, modules, tree

# Endpoint -> why nobody is asked again before the file is given out.
UNASKED = {
    "attachments.download": "one file of a case whose page shows it",
    "customers.check_back_file": "one's own appointments, for one's own calendar",
    "messages.original": "one mail, read beside its own page",
    "policies.file": "rules, which everybody in the company may read; names of nobody but who published them",
    "portal.download": "the customer's own case; customers have no second factor here",
    "privacy.processing_file": "kinds of data and periods; nothing of any person",
}


def called(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            yield inner.func.attr if isinstance(inner.func, ast.Attribute) else getattr(inner.func, "id", "")


def gives_files(node: ast.AST) -> bool:
    """Tell whether a function writes `attachment` into an answer's head."""
    texts = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    is_said = "Content-Disposition" in texts and any(text.startswith("attachment") for text in texts)
    return is_said or any(isinstance(one, ast.keyword) and one.arg == "as_attachment" for one in ast.walk(node))


def endpoints() -> dict[str, bool]:
    """Endpoint -> whether it asks for a proof, of every view that gives a file out, by itself or by what it calls."""
    trees = {
        path: tree(path)
        for path in modules()
        if path.name.endswith(("views.py", "sending.py")) and "api" not in path.relative_to(APP).parts
    }
    functions = {
        (path, node.name): node
        for path, found in trees.items()
        for node in found.body
        if isinstance(node, ast.FunctionDef)
    }
    givers = {key for key, node in functions.items() if gives_files(node)}
    while True:
        names = {(path.parent, name) for path, name in givers}
        shared = {name for path, name in givers if path.name == "sending.py"}
        more = {
            (path, name)
            for (path, name), node in functions.items()
            if any(one in shared or (path.parent, one) in names for one in called(node))
        }
        if more <= givers:
            break
        givers |= more
    views = {key for key in givers if functions[key].decorator_list}
    return {f"{path.parent.name}.{name}": "require_proof" in set(called(functions[path, name])) for path, name in views}


def test_whatever_leaves_as_a_file_asks_for_a_proof_or_says_why_not(app: Flask) -> None:
    found = endpoints()
    assert {"cases.export", "sla.export", "insights.export", "audit.export", "audit.pack"} <= set(found)
    assert sorted(found) == sorted(set(found) & set(app.view_functions)), "a view here goes by another name"
    assert sorted(name for name, asks in found.items() if not asks) == sorted(UNASKED)
