"""What a slider or text box draws must not change because a later cell uses the same name for something else.

A widget draws when it is moved, often after the whole lesson has run: every name that it reads is read then.
"""

import ast
import re

import pytest

from tools.lesson_source import sources

WIDGETS = ("SliderFigure", "TypedFigure")


def cells(source):
    return [ast.parse(cell) for cell in re.split(r"^# %%.*$", source.read_text(encoding="utf-8"), flags=re.M)]


def names(tree, context):
    return {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, context)
    }


def bound(statement):
    """The names that a statement at the top of a cell gives a value to."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    local = {
        name
        for node in ast.walk(statement)
        if isinstance(node, ast.comprehension)
        for name in names(node.target, ast.Store)
    }
    return names(statement, ast.Store) - local


def read_when_drawing(function, functions):
    """The global names that a function reads when it runs, those of the functions it calls included."""
    todo, seen, found = [function], set(), set()
    while todo:
        current = todo.pop()
        own = {argument.arg for argument in ast.walk(current) if isinstance(argument, ast.arg)}
        own |= names(current, ast.Store)
        body = current.body if isinstance(current.body, list) else [current.body]
        reads = set().union(*(names(part, ast.Load) for part in body)) - own
        found |= reads
        todo += [functions[name] for name in reads & set(functions) - seen]
        seen |= reads
    return found


def redefined_later(trees):
    functions, bindings, widgets = {}, {}, []
    for number, tree in enumerate(trees):
        for statement in tree.body:
            if isinstance(statement, ast.FunctionDef):
                functions[statement.name] = statement
            for name in bound(statement):
                bindings.setdefault(name, []).append(number)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WIDGETS:
                widgets.append((number, node.args[0]))
    wrong = []
    for number, draw in widgets:
        function = functions.get(draw.id) if isinstance(draw, ast.Name) else draw
        for name in sorted(read_when_drawing(function, functions)):
            wrong += [(name, number, later) for later in bindings.get(name, []) if later > number]
    return widgets, wrong


@pytest.mark.parametrize("source", sources(), ids=lambda path: path.stem)
def test_no_name_that_a_widget_reads_is_used_again_for_something_else(source):
    widgets, wrong = redefined_later(cells(source))
    assert widgets
    assert wrong == [], "bind it when the function is defined: def draw(value, name=name)"


def test_the_check_finds_it():
    cell = "x = 1\ndef help(): return x\ndef draw(v): return help() + v\nSliderFigure(draw, [1])"
    assert redefined_later([ast.parse(cell), ast.parse("x = 2")])[1] == [("x", 0, 1)]
    bound_early = cell.replace("def help()", "def help(x=x)")
    assert redefined_later([ast.parse(bound_early), ast.parse("x = 2")])[1] == []
