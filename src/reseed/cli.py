"""The command `reseed`: arguments in, rows and an exit code out."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

from reseed import __version__
from reseed.report import format_names
from reseed.settings import SettingsError

CLEAN, FINDINGS, ERROR = 0, 1, 2
_INTERRUPTED, _BROKEN_PIPE = 130, 141  # what a shell reports for SIGINT and SIGPIPE

_EXIT_CODES = """\
exit codes:
  0  clean: no findings, or --exit-zero
  1  findings (check), findings that could not be repaired (fix), or changes to make (fix --diff, fix --check)
  2  wrong usage, or a file that could not be read, parsed or written; the other files are checked all the same
"""
_WITNESS = """\
This command executes the program that it is given, its dataset and its worker_init_fn; no other command does.
It takes torch and NumPy, and matplotlib for --plot: pip install 'reseed[witness]'

exit codes:
  0  no draw was seen twice
  1  draws are the same in several workers or epochs, or a worker crashed
  2  wrong usage, or the program could not be run, or gave no samples
"""
_CONFIG = """\
settings stand in [tool.reseed] of pyproject.toml under the names of the options:
  select, extend-select, ignore, exclude, extend-exclude, force-exclude, respect-gitignore, torch-version,
  output-format; and a table per-file-ignores of patterns to lists of codes. The command line overrides them.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code. Only argparse itself raises, SystemExit."""
    arguments = _parser().parse_args(argv)
    # A stream that the caller has closed is None. What takes its place lives as long as the process.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # A file's name or a message may hold what the terminal's encoding does not; showing it must not fail.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except SettingsError as error:
        print(f"reseed: error: {error}", file=sys.stderr)
        return ERROR
    except KeyboardInterrupt:
        print("reseed: interrupted", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        _give_up_stdout()  # nobody reads on
        return _BROKEN_PIPE
    except OSError as error:  # the disk that stdout goes to is full, the current folder is gone
        _give_up_stdout()
        print(f"reseed: error: {error}", file=sys.stderr)
        return ERROR


def _give_up_stdout() -> None:
    """Let Python's last flush, at exit, succeed: it would complain."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="reseed",
        description="Find and repair random numbers that PyTorch DataLoader workers share.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, help="show the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    check = _command(commands, "check", "report findings", _run("check"), f"{_EXIT_CODES}\n{_CONFIG}")
    _selection(check)
    check.add_argument("--output-format", choices=format_names(), help="how to report (default: text)")
    check.add_argument("--statistics", action="store_true", help="count the findings of each code")
    check.add_argument("--exit-zero", action="store_true", help="exit 0 in spite of findings")
    check.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="(default: auto)")
    jobs = _number(int, lambda number: number > 0, "a positive number")
    check.add_argument("--jobs", "-j", type=jobs, metavar="N", help="processes at most (default: one a processor)")

    fix = _command(commands, "fix", "repair what can be repaired", _run("fix"), f"{_EXIT_CODES}\n{_CONFIG}")
    _selection(fix)
    fix.add_argument("--diff", action="store_true", help="show the changes as a unified diff, write nothing")
    fix.add_argument("--check", action="store_true", help="name the files that would change, write nothing")
    fix.add_argument(
        "--unsafe-fixes",
        action="store_true",
        help="make repairs, too, that a program may not need (RNG202) or that change what a seeded run draws (RNG111); "
        "or name the code with --select",
    )

    explain = _command(commands, "explain", "tell what a code means and what to do", _run("explain"), _EXIT_CODES)
    explain.add_argument("rule", metavar="CODE|NAME", help="RNG101 or numpy-global-draw, for example")

    _witness(commands)

    cache = _command(commands, "cache", "show or clear what runs keep for later ones", _run("cache"), _EXIT_CODES)
    cache.add_argument("action", choices=("clear", "dir"), help="forget it all, or print the folder it lies in")

    rules = _command(commands, "rules", "list all codes", _run("list_rules"), _EXIT_CODES)
    rules.add_argument("--output-format", choices=("text", "json", "markdown"), default="text", help="(default: text)")
    return parser


def _number(kind: Callable[[str], Any], holds: Callable[[Any], bool], what: str) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        with suppress(ValueError):
            if holds(number := kind(text)):
                return number
        raise argparse.ArgumentTypeError(f"{text} is not {what}")

    return parse


def _witness(commands: Any) -> None:
    witness = _command(
        commands,
        "witness",
        "run a loader and show which draws of its workers are the same",
        _run("witness", "reseed.witnessing"),
        _WITNESS,
    )
    witness.add_argument(
        "target",
        metavar="PATH.py:NAME",
        help="a function without parameters that returns a DataLoader or a dataset, or one of these itself, and the "
        "file or the module (package.module:NAME) that defines it",
    )
    positive = _number(int, lambda number: number > 0, "a positive number")
    natural = _number(int, lambda number: number >= 0, "a number of workers")
    seconds = _number(float, lambda number: number > 0, "a number of seconds")
    seed = _number(int, lambda number: 0 <= number < 2**32 - 1, "a seed that NumPy takes")
    witness.add_argument("--epochs", type=positive, default=2, help="(default: 2)")
    witness.add_argument(
        "--samples", type=positive, default=16, help="of each worker in an epoch; batches are not cut (default: 16)"
    )
    witness.add_argument("--num-workers", type=natural, metavar="N", help="instead of the loader's own number")
    witness.add_argument("--start-method", choices=("fork", "spawn", "forkserver"), help="instead of the loader's own")
    witness.add_argument("--persistent-workers", action="store_true", help="keep the workers over the epochs")
    witness.add_argument("--before-1.9", dest="before_1_9", action="store_true", help="act as PyTorch before 1.9 did")
    witness.add_argument(
        "--values",
        choices=("lockstep", "all", "none"),
        default="lockstep",
        help="what to make of samples: lockstep has all workers make the same ones and compares what is random in "
        "them; all compares everything, as is right for samples of drawn numbers only (default: lockstep)",
    )
    witness.add_argument("--seed", type=seed, default=0, help="base of the seeds of the runs (default: 0)")
    witness.add_argument(
        "--timeout", type=seconds, default=120.0, metavar="SECONDS", help="of all of it (default: 120)"
    )
    witness.add_argument("--output-format", choices=("text", "json"), default="text", help="(default: text)")
    witness.add_argument("--plot", metavar="FILE", help="draw a picture, too, if anything was drawn (.png, .svg, .pdf)")
    witness.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="(default: auto)")


def _selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", default=["."], metavar="PATH", help="files or folders, or - for stdin (default: .)"
    )
    codes = parser.add_argument_group("which codes (a code, the beginning of one such as RNG2, or ALL)")
    codes.add_argument("--select", action=_Extend, metavar="CODES", help="only these")
    codes.add_argument("--extend-select", action=_Extend, metavar="CODES", help="these, too")
    codes.add_argument("--ignore", action=_Extend, metavar="CODES", help="not these")
    codes.add_argument(
        "--torch-version",
        metavar="auto|any|X.Y",
        help="leave out what cannot show on this PyTorch; auto is the oldest that the project declares (default: auto)",
    )
    files = parser.add_argument_group("which files (patterns as in .gitignore)")
    files.add_argument("--exclude", action=_Extend, metavar="PATTERNS", help="leave these out, instead of the default")
    files.add_argument("--extend-exclude", action=_Extend, metavar="PATTERNS", help="leave these out, too")
    files.add_argument("--force-exclude", action="store_true", help="leave them out even where PATH names them")
    files.add_argument("--no-respect-gitignore", action="store_true", help="read files that git ignores, too")
    files.add_argument("--stdin-filename", metavar="PATH", help="the name of what is read from stdin")
    other = parser.add_argument_group("other")
    other.add_argument("--config", metavar="FILE", help="take the settings from this pyproject.toml")
    other.add_argument("--isolated", action="store_true", help="use no settings from a file")
    other.add_argument("--no-cache", dest="cache", action="store_false", help="use and keep nothing of other runs")
    other.add_argument("--quiet", "-q", action="store_true", help="report findings and errors, nothing else")


class _Extend(argparse.Action):
    """Collects comma-separated words over several uses of an option."""

    def __call__(
        self, parser: Any, namespace: argparse.Namespace, values: Any, option_string: str | None = None
    ) -> None:
        words = tuple(word.strip() for word in values.split(",") if word.strip())
        setattr(namespace, self.dest, (*(getattr(namespace, self.dest) or ()), *words))


class _Version(argparse.Action):
    """Shows the versions that matter for a bug report, without importing what they belong to."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(
        self, parser: Any, namespace: argparse.Namespace, values: Any, option_string: str | None = None
    ) -> None:
        from importlib.metadata import version

        python = ".".join(str(part) for part in sys.version_info[:3])
        print(f"reseed {__version__} (LibCST {version('libcst')}, flake8 {version('flake8')}, Python {python})")
        parser.exit()


def _command(commands: Any, name: str, what: str, run: Callable[..., int], epilog: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=what, description=f"{what[0].upper()}{what[1:]}.", epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.set_defaults(run=run, command=name)
    return parser


def _run(name: str, module: str = "reseed.commands") -> Callable[[argparse.Namespace], int]:
    """Find a command's function when it is called: `--help` and `--version` need none of them."""

    def run(arguments: argparse.Namespace) -> int:
        function: Callable[[argparse.Namespace], int] = getattr(import_module(module), name)
        return function(arguments)

    return run


def wants_color(choice: str) -> bool:
    """Whether to color stdout: `choice` is ``"always"``, ``"never"`` or ``"auto"``, which asks the environment."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")
