"""A keyword argument added to a LibCST call, in the style that the call is written in."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

_Whitespace = cst.BaseParenthesizableWhitespace
_NOTHING = cst.SimpleWhitespace("")
_SPACE = cst.SimpleWhitespace(" ")


def add_keyword(call: cst.Call, name: str, value: str) -> cst.Call:
    """`call` with ``name=value`` behind its arguments, but in front of any ``**mapping``."""
    new = cst.Arg(cst.Name(value), keyword=cst.Name(name), equal=_equal_like(call.args))
    for index, arg in enumerate(call.args):
        if arg.star == "**":
            return _insert(call, index, new)
    return _append(call, new) if call.args else call.with_changes(args=[new])


def merge_default(call: cst.Call, index: int, name: str, value: str) -> cst.Call:
    """`call` with ``"name": value`` as a default in its ``**mapping`` argument number `index` (from 0)."""
    args = list(call.args)
    position = [number for number, arg in enumerate(args) if arg.star == "**"][index]
    mapping = args[position].value
    default = cst.DictElement(cst.SimpleString(f'"{name}"'), cst.Name(value))
    if isinstance(mapping, cst.Dict):
        space = mapping.lbrace.whitespace_after
        behind = _line_break(space) if isinstance(space, cst.ParenthesizedWhitespace) else _SPACE
        first = default.with_changes(comma=cst.Comma(whitespace_after=behind))
        merged = mapping.with_changes(elements=[first, *mapping.elements])
    else:
        if not isinstance(mapping, (cst.Name, cst.Attribute, cst.Call, cst.Subscript)) and not mapping.lpar:
            mapping = mapping.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        merged = cst.Dict([default, cst.StarredDictElement(mapping)])
    args[position] = args[position].with_changes(value=merged)
    return call.with_changes(args=args)


def _insert(call: cst.Call, index: int, new: cst.Arg) -> cst.Call:
    """`call` with `new` before the argument number `index`, on a line of its own if that one starts a line."""
    args = list(call.args)
    before = _space_before(call, index)
    behind: _Whitespace = _SPACE
    if isinstance(before, cst.ParenthesizedWhitespace):
        # Comments over the next argument stay with it, one behind the last argument stays there.
        behind = _line_break(before).with_changes(empty_lines=before.empty_lines)
        before = before.with_changes(empty_lines=[])
    if index == 0:
        call = call.with_changes(whitespace_before_args=before)
    else:
        args[index - 1] = _with_comma(args[index - 1], before)
    args.insert(index, _with_comma(new, behind))
    return call.with_changes(args=args)


def _append(call: cst.Call, new: cst.Arg) -> cst.Call:
    """`call` with `new` as last argument, on a line of its own if the last one so far starts a line."""
    *rest, last = call.args
    if isinstance(last.value, cst.GeneratorExp) and not last.value.lpar:
        last = last.with_changes(value=last.value.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()]))
    before = _space_before(call, len(rest))
    own_line = isinstance(before, cst.ParenthesizedWhitespace)
    between: _Whitespace = _line_break(before) if isinstance(before, cst.ParenthesizedWhitespace) else _SPACE
    trailing_comma = isinstance(last.comma, cst.Comma)
    tail = last.comma.whitespace_after if isinstance(last.comma, cst.Comma) else last.whitespace_after_arg
    if own_line and isinstance(tail, cst.ParenthesizedWhitespace):
        # What stands behind the last argument, and on lines of its own before the parenthesis, stays in its place.
        between = tail.with_changes(
            last_line=between.last_line if isinstance(between, cst.ParenthesizedWhitespace) else _NOTHING
        )
        tail = _line_break(tail)
    last = _with_comma(last, between).with_changes(whitespace_after_arg=_NOTHING)
    new = _with_comma(new, tail) if trailing_comma else new.with_changes(whitespace_after_arg=tail)
    return call.with_changes(args=[*rest, last, new])


def _space_before(call: cst.Call, index: int) -> _Whitespace:
    """What stands before the argument number `index`."""
    if index == 0:
        return call.whitespace_before_args
    comma = call.args[index - 1].comma
    return comma.whitespace_after if isinstance(comma, cst.Comma) else _SPACE


def _with_comma(arg: cst.Arg, behind: _Whitespace) -> cst.Arg:
    """`arg` with a comma and `behind` after it; a comma that it has keeps what stands before it."""
    comma = arg.comma if isinstance(arg.comma, cst.Comma) else cst.Comma()
    return arg.with_changes(comma=comma.with_changes(whitespace_after=behind))


def _line_break(space: cst.ParenthesizedWhitespace) -> cst.ParenthesizedWhitespace:
    """A line break and indentation as in `space`, without its comments and empty lines."""
    plain = cst.TrailingWhitespace(whitespace=_NOTHING, comment=None, newline=space.first_line.newline)
    return space.with_changes(first_line=plain, empty_lines=[])


def _equal_like(args: Sequence[cst.Arg]) -> cst.AssignEqual:
    """The equals sign as all of the call's keywords have it, else without spaces."""
    found = [arg.equal for arg in args if isinstance(arg.equal, cst.AssignEqual)]
    if found and all(equal.deep_equals(found[0]) for equal in found):
        return found[0]
    return cst.AssignEqual(_NOTHING, _NOTHING)
