"""What each instruction does to the values: the transfer functions of the analysis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from reseed.facts import model
from reseed.facts.model import Register
from reseed.knowledge import datasets
from reseed.program import objects
from reseed.program.activation import Activation
from reseed.program.arguments import Arguments, arguments_of
from reseed.program.builtin_calls import BUILTINS
from reseed.program.calls import call, call_method, invoke_held
from reseed.program.containers import call_special, copy_mapping, iterate, known_keys
from reseed.program.engine import Engine
from reseed.program.folding import fold, truth
from reseed.program.values import UNKNOWN, Bound, Class, External, Object, Value, Values


def _const(engine: Engine, act: Activation, register: Register, ins: model.Const) -> Iterable[Value]:
    return (engine.values.constant(ins.value),)


def _opaque(engine: Engine, act: Activation, register: Register, ins: model.Opaque) -> Iterable[Value]:
    return (UNKNOWN,)


def _parameter(engine: Engine, act: Activation, register: Register, ins: model.Parameter) -> Iterable[Value]:
    return act.parameters.get(ins.name, {})


def _global(engine: Engine, act: Activation, register: Register, ins: model.Global) -> Iterable[Value]:
    module = engine.activation(act.module, 0, None, ())
    if ins.name in engine.modules[act.module].global_names:
        return engine.read((module, ins.name), act)
    if ins.name == "__name__" and act.module not in engine.linker.mains:
        return (engine.values.constant(engine.modules[act.module].name),)
    if ins.name in BUILTINS:
        return (engine.values.external(f"builtins.{ins.name}"),)
    found = engine.linker.global_value(act, ins.name)
    return (UNKNOWN,) if found is None else found


def _cell(engine: Engine, act: Activation, register: Register, ins: model.Cell) -> Iterable[Value]:
    owner = act.closure
    while owner is not None and owner.index != ins.body:
        owner = owner.closure
    return (UNKNOWN,) if owner is None else engine.read((owner, ins.name), act)


def _phi(engine: Engine, act: Activation, register: Register, ins: model.Phi) -> Iterable[Value]:
    merged: Values = {}
    for source in ins.sources:
        merged.update(act.registers[source])
    return merged


def _attribute(engine: Engine, act: Activation, register: Register, ins: model.Attribute) -> Iterable[Value]:
    found: Values = {}
    for value in act.registers[ins.value]:
        found.update(dict.fromkeys(objects.attribute(engine, act, value, ins.name)))
    for value in list(found):
        if isinstance(value, Bound) and isinstance(value.function, Object) and value.function.kind == "property":
            del found[value]
            for getter in engine.read((value.function, "function"), act):
                bound = engine.values.bound(getter, value.receiver)
                found.update(dict.fromkeys(call(engine, act, register, bound, Arguments())))
    return found


def _set_attribute(engine: Engine, act: Activation, register: Register, ins: model.SetAttribute) -> Iterable[Value]:
    values = act.registers[ins.value]
    for target in act.registers[ins.target]:
        if isinstance(target, Object):
            engine.write((target, ins.name), values)
        elif isinstance(target, Class):
            engine.write((target.namespace, ins.name), values)
    return ()


def _item(engine: Engine, act: Activation, register: Register, ins: model.Item) -> Iterable[Value]:
    found: Values = {}
    keys = known_keys(act.registers[ins.key]) or [None]
    key_instruction = act.body.instructions[ins.key]
    is_slice = isinstance(key_instruction, model.Operation) and key_instruction.operator == "[:]"
    for value in act.registers[ins.value]:
        if isinstance(value, Object) and value.kind in objects.CONTAINERS and is_slice:
            part = engine.values.object(value.kind, act.site(register), act.context)
            objects.put_item(engine, part, None, objects.get_item(engine, act, value, None))
            found[part] = None
        elif isinstance(value, Object) and value.kind in objects.CONTAINERS:
            for key in keys:
                known = key if not (isinstance(key, int) and key < 0) else None
                found.update(objects.get_item(engine, act, value, known))
        elif isinstance(value, Object) and value.kind == "instance":
            args = Arguments([act.registers[ins.key]], registers={0: ins.key})
            found.update(dict.fromkeys(call_method(engine, act, register, value, ("__getitem__",), args)))
        elif isinstance(value, Object) and value.kind == "external":
            if value.path.endswith(".random_split()"):
                found[value] = None  # one of its parts
                continue
            if not objects.is_loader_object(value):
                invoke_held(engine, act, register, value, items=True)
            found[UNKNOWN] = None
        elif isinstance(value, External) and datasets.is_quiet(value.path):
            found[value] = None  # a split or a part of a dataset that draws nothing
        elif isinstance(value, External) and value.path.startswith("pandas.") and value.path.endswith("()"):
            found[engine.values.external("pandas.DataFrame()")] = None  # a column or rows: both can be sampled
        elif isinstance(value, External) and value.path.endswith(".SeedSequence().spawn()"):
            found[engine.values.external(value.path.removesuffix(".spawn()"))] = None
        elif isinstance(value, Class) or (isinstance(value, External) and _is_class_path(value.path)):
            found[value] = None  # a generic class, Dataset[int]
        else:
            found[UNKNOWN] = None
    return found


def _is_class_path(path: str) -> bool:
    last = path.rsplit(".", 1)[-1]
    return last[:1].isupper() and not last.endswith("()")


def _set_item(engine: Engine, act: Activation, register: Register, ins: model.SetItem) -> Iterable[Value]:
    values = act.registers[ins.value]
    for target in act.registers[ins.target]:
        if isinstance(target, Object) and target.kind in objects.CONTAINERS:
            if ins.removed:
                engine.write((target, objects.REMOVED), act.registers[ins.key])
                continue
            objects.put_items(engine, target, known_keys(act.registers[ins.key]) or [None], values)
    return ()


def _element(engine: Engine, act: Activation, register: Register, ins: model.Element) -> Iterable[Value]:
    return iterate(engine, act, register, act.registers[ins.value])


def _unpack(engine: Engine, act: Activation, register: Register, ins: model.Unpack) -> Iterable[Value]:
    found: Values = {}
    for value in act.registers[ins.value]:
        if isinstance(value, Object) and value.kind in ("list", "tuple", "generator"):
            key = ins.index if ins.index >= 0 and not ins.rest else None
            found.update(objects.get_item(engine, act, value, key))
        else:
            found.update(iterate(engine, act, register, (value,)))
    if ins.rest:
        rest = engine.values.object("list", act.site(register), act.context)
        objects.put_item(engine, rest, None, found)
        return (rest,)
    return found


def _call(engine: Engine, act: Activation, register: Register, ins: model.Call) -> Iterable[Value]:
    results: Values = {}
    args = arguments_of(engine, act, ins)
    for callee in list(act.registers[ins.function]):
        results.update(dict.fromkeys(call(engine, act, register, callee, args)))
    return results


def _collection(engine: Engine, act: Activation, register: Register, ins: model.Collection) -> Iterable[Value]:
    kind = "tuple" if ins.kind == "tuple" else "list"
    result = engine.values.object(kind, act.site(register), act.context)
    unknown_from_here = ins.kind == "comprehension"
    for index, item in enumerate(ins.items):
        if index in ins.starred:
            unknown_from_here = True
            objects.put_item(engine, result, None, iterate(engine, act, register, act.registers[item]))
        else:
            objects.put_item(engine, result, None if unknown_from_here else index, act.registers[item])
    return (result,)


def _dictionary(engine: Engine, act: Activation, register: Register, ins: model.Dictionary) -> Iterable[Value]:
    result = engine.values.object("dict", act.site(register), act.context)
    for key, item in ins.pairs:
        if key is None:
            copy_mapping(engine, act, result, act.registers[item])
        else:
            objects.put_items(engine, result, known_keys(act.registers[key]) or [None], act.registers[item])
    return (result,)


def _operation(engine: Engine, act: Activation, register: Register, ins: model.Operation) -> Iterable[Value]:
    operands = [act.registers[operand] for operand in ins.operands]
    if ins.operator in ("and", "or"):
        stays = ins.operator == "or"
        merged: Values = {}
        for values in operands[:-1]:
            merged.update({value: None for value in values if stays in truth((value,))})
        merged.update(operands[-1])
        return merged
    if ins.operator in ("+", "*", "|"):
        containers = [
            v for values in operands for v in values if isinstance(v, Object) and v.kind in objects.CONTAINERS
        ]
        if containers:
            kind = containers[0].kind if containers[0].kind != "generator" else "list"
            result = engine.values.object(kind, act.site(register), act.context)
            for container in containers:
                if kind == "dict":
                    copy_mapping(engine, act, result, (container,))
                else:
                    objects.put_item(engine, result, None, objects.get_item(engine, act, container, None))
            return (result,)
    if ins.operator == "+" and (added := _added_datasets(engine, act, register, operands)):
        return added
    special = list(_special_methods(engine, act, ins.operator, operands))
    for name, receiver, other in special:
        args = Arguments([operands[other]] if other < len(operands) else [])
        results = call_special(engine, act, register, receiver, name, args)
        if results:
            return results
    if special:
        return ()  # the method has not returned yet
    return fold(engine.values, ins.operator, operands, act.registers[register])


def _added_datasets(engine: Engine, act: Activation, register: Register, operands: list[Values]) -> Iterable[Value]:
    # Dataset.__add__ gives a ConcatDataset (torch 2.13, torch/utils/data/dataset.py).
    summed = [v for values in operands for v in values if isinstance(v, Object) and _adds_as_dataset(engine, act, v)]
    if not summed:
        return ()
    path = "torch.utils.data.ConcatDataset()"
    result = engine.values.object("external", act.site(register), act.context, path=path)
    objects.hold(engine, result, summed)
    for values in operands:
        engine.write((result, objects.WRAPPED), values)
    return (result,)


def _adds_as_dataset(engine: Engine, act: Activation, value: Object) -> bool:
    if value.kind == "external":
        return datasets.is_wrapper(value.path)
    if value.kind != "instance" or value.cls is None:
        return False
    order = objects.mro(engine, value.cls, act)
    if any(isinstance(cls, Class) and objects.defines(cls, "__add__") for cls in order):
        return False
    return any(isinstance(cls, External) and datasets.dataset_base(cls.path) == "map" for cls in order)


def _special_methods(
    engine: Engine, act: Activation, sign: str, operands: list[Values]
) -> Iterator[tuple[str, Object, int]]:
    for index, values in enumerate(operands):
        name = _SPECIAL.get((sign, index))
        if name is not None:
            for value in values:
                if isinstance(value, Object) and value.cls is not None:
                    order = objects.mro(engine, value.cls, act)
                    if any(isinstance(cls, Class) and objects.defines(cls, name) for cls in order):
                        yield name, value, 1 - index


_ARITHMETIC = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "truediv",
    "//": "floordiv",
    "%": "mod",
    "@": "matmul",
    "|": "or",
}
_SPECIAL = {
    **{(sign, 0): f"__{name}__" for sign, name in _ARITHMETIC.items()},
    **{(sign, 1): f"__r{name}__" for sign, name in _ARITHMETIC.items()},
    ("in", 1): "__contains__",
    ("not in", 1): "__contains__",
    ("==", 0): "__eq__",
    ("<", 0): "__lt__",
}


def _make_function(engine: Engine, act: Activation, register: Register, ins: model.MakeFunction) -> Iterable[Value]:
    function = engine.values.function(act.module, ins.body, act)
    for name, default in ins.defaults:
        engine.write((function, "[default]", name), act.registers[default])
        engine.with_defaults.add(function)
    engine.functions[function] = None
    return (function,)


def _make_class(engine: Engine, act: Activation, register: Register, ins: model.MakeClass) -> Iterable[Value]:
    namespace = engine.activation(act.module, ins.body, act, act.context)
    cls = engine.values.make_class(act.module, ins.body, namespace)
    for base in ins.bases:
        engine.write((cls, "[bases]"), act.registers[base])
    engine.classes[cls] = None
    return (cls,)


def _import(engine: Engine, act: Activation, register: Register, ins: model.Import) -> Iterable[Value]:
    if engine.may_wait(act, register, engine.linker.idle_names(act, register, ins)):
        return ()
    found = engine.linker.imported(act, ins.module, ins.level, ins.name, ins.top)
    if found is not None:
        return found
    module = "." * ins.level + ins.module
    if ins.top:
        return (engine.values.external(ins.module.split(".")[0]),)
    if ins.name is None:
        return (engine.values.external(module),)
    return (engine.values.external(f"{module}.{ins.name}" if ins.module else f"{module}{ins.name}"),)


def _store(engine: Engine, act: Activation, register: Register, ins: model.Store) -> Iterable[Value]:
    engine.write((act, ins.name), act.registers[ins.value])
    return ()


def _store_outer(engine: Engine, act: Activation, register: Register, ins: model.StoreOuter) -> Iterable[Value]:
    owner: Activation | None = act
    while owner is not None and owner.index != ins.body:
        owner = owner.closure
    if owner is not None:
        engine.write((owner, ins.name), act.registers[ins.value])
    return ()


def _return(engine: Engine, act: Activation, register: Register, ins: model.Return) -> Iterable[Value]:
    engine.write((act, "[return]"), act.registers[ins.value])
    return ()


def _yield(engine: Engine, act: Activation, register: Register, ins: model.Yield) -> Iterable[Value]:
    values = act.registers[ins.value]
    engine.write((act, "[yield]"), iterate(engine, act, register, values) if ins.delegate else values)
    return ()


STEPS: dict[type[Any], Callable[[Engine, Activation, Register, Any], Iterable[Value]]] = {
    model.Const: _const,
    model.Opaque: _opaque,
    model.Parameter: _parameter,
    model.Global: _global,
    model.Cell: _cell,
    model.Phi: _phi,
    model.Attribute: _attribute,
    model.SetAttribute: _set_attribute,
    model.Item: _item,
    model.SetItem: _set_item,
    model.Element: _element,
    model.Unpack: _unpack,
    model.Call: _call,
    model.Collection: _collection,
    model.Dictionary: _dictionary,
    model.Operation: _operation,
    model.MakeFunction: _make_function,
    model.MakeClass: _make_class,
    model.Import: _import,
    model.Store: _store,
    model.StoreOuter: _store_outer,
    model.Return: _return,
    model.Yield: _yield,
}
"""For each kind of instruction the values that it gives in an activation, as far as is known now."""
