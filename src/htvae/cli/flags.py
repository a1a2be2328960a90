"""Command line flags from dataclasses.

- Each field becomes one flag; the docstring under the field is the flag's help.
- Nested dataclasses are flattened: ``config.training.batch_size`` is ``--batch_size``.
- A wrong flag ends the process with one message and exit code 2.
"""

import argparse
import ast
import dataclasses
import functools
import inspect
import itertools
import textwrap
import typing
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, TypeVar

if typing.TYPE_CHECKING:
    from tyro.constructors import StructConstructorSpec, StructFieldSpec, StructTypeInfo

Options = TypeVar("Options")
_SPELLINGS = (("", True), ("no_", False))


def parse_flags(
    options: type[Options],
    argv: Sequence[str],
    prog: str,
    *,
    positional: Collection[str] = (),
    without: Collection[str] = (),
    notes: Mapping[str, str] | None = None,
    **defaults: Any,
) -> Options:
    """Return the options that argv gives.

    Args:
        options: dataclass; its docstring describes the command.
        argv: arguments after the name of the program.
        prog: name of the command in messages.
        positional: fields that are positional arguments instead of flags.
        without: fields, at any depth, that get no flag and keep their defaults.
        notes: sentences to add to the help of fields, by name.
        **defaults: defaults of fields, in place of the dataclass's own.
    """
    import tyro

    registry = tyro.constructors.ConstructorRegistry()

    @registry.struct_rule
    def read_dataclass(info: "StructTypeInfo") -> "StructConstructorSpec | None":
        if not dataclasses.is_dataclass(info.type):
            return None
        values = defaults if info.type is options else _values(info.default)
        fields = [f for f in _flag_fields(info.type, values, positional) if f.name not in without]
        fields = [_annotate(f, (notes or {}).get(f.name, "")) for f in fields]
        kept = {name: value for name, value in values.items() if name in without}
        return tyro.constructors.StructConstructorSpec(functools.partial(info.type, **kept), tuple(fields))

    return tyro.cli(
        options,
        args=_spell_out(argv, options),
        prog=prog,
        description=inspect.getdoc(options),
        use_underscores=True,
        config=(tyro.conf.OmitArgPrefixes, tyro.conf.PositionalMetavarFromFieldName),
        registry=registry,
    )


def peek(argv: Sequence[str], *names: str) -> tuple[str | None, ...]:
    """Return the values of flags on which other flags' defaults depend; `parse_flags` reports mistakes."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name in names:
        parser.add_argument(f"--{name}", nargs="?")
    known, _ = parser.parse_known_args(argv)
    return tuple(getattr(known, name) for name in names)


@functools.cache
def field_docs(section: type) -> dict[str, str]:
    """Return the docstring under each field of a dataclass, inherited fields included, as one plain line."""
    docs: dict[str, str] = {}
    for owner in reversed(section.__mro__[:-1]):
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
        assert isinstance(definition, ast.ClassDef)
        for statement, below in itertools.pairwise(definition.body):
            match statement, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    docs[name] = " ".join(text.replace("``", "").split())
    return docs


def _spell_out(argv: Sequence[str], options: type) -> list[str]:
    """Return argv with ``--y_up`` and ``--no_y_up`` spelled out for settings that may be None, too."""
    names = {f"{prefix}{name}": value for name in _open_choices(options) for prefix, value in _SPELLINGS}
    spelled: list[str] = []
    for place, argument in enumerate(argv):
        flag = argument.removeprefix("--").replace("-", "_") if argument.startswith("--") else ""
        followed = argv[place + 1 : place + 2] in (["True"], ["False"], ["None"])
        if flag in names and not (followed and names[flag]):
            spelled += [f"--{flag.removeprefix('no_')}", str(names[flag])]
        else:
            spelled.append(argument)
    return spelled


def _open_choices(section: type) -> set[str]:
    """Return the names of fields, at any depth, that are True, False or None."""
    names: set[str] = set()
    for name, hint in typing.get_type_hints(section).items():
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            names |= _open_choices(hint)
        elif hint == bool | None:
            names.add(name)
    return names


def _annotate(field: "StructFieldSpec", note: str) -> "StructFieldSpec":
    """Return a field with a sentence added to its help."""
    return dataclasses.replace(field, helptext=f"{field.helptext} {note}") if note else field


def _values(default: Any) -> dict[str, Any]:
    """Return the values of a dataclass instance's fields; an empty dictionary if it is no instance."""
    if not dataclasses.is_dataclass(default):
        return {}
    return {field.name: getattr(default, field.name) for field in dataclasses.fields(default)}


def _flag_fields(
    section: Any, values: dict[str, Any], positional: Collection[str]
) -> list["StructFieldSpec"]:
    """Return each field's name, type, default and help in tyro's form."""
    import tyro

    hints, docs, specs = typing.get_type_hints(section), field_docs(section), []
    for field in dataclasses.fields(section):
        default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        default = values.get(field.name, tyro.MISSING if default is dataclasses.MISSING else default)
        hint: Any = hints[field.name]
        if field.name in positional:
            hint = Annotated[hint, tyro.conf.Positional]
        specs.append(tyro.constructors.StructFieldSpec(field.name, hint, default, docs.get(field.name)))
    return specs
