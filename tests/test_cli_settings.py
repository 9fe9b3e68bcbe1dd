"""`[tool.reseed]` and the selection of codes."""

from pathlib import Path

import pytest

from reseed.settings import Selectors, Settings, SettingsError, check_torch_version, enabled_codes, load_settings

CODES = {"RNG101": True, "RNG201": True, "RNG202": True, "RNG216": False}


def enabled(*places: Selectors) -> set[str]:
    return set(enabled_codes(places, CODES))


def test_defaults() -> None:
    assert enabled() == {"RNG101", "RNG201", "RNG202"}


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (Selectors(select=("RNG101",)), {"RNG101"}),
        (Selectors(select=("RNG2",)), {"RNG201", "RNG202", "RNG216"}),
        (Selectors(select=("ALL",)), set(CODES)),
        (Selectors(select=("ALL",), ignore=("RNG2",)), {"RNG101"}),
        (Selectors(select=("RNG2",), ignore=("RNG201",)), {"RNG202", "RNG216"}),
        (Selectors(select=("RNG201",), ignore=("RNG2",)), {"RNG201"}),  # the longer one wins
        (Selectors(select=("RNG201",), ignore=("RNG201",)), set()),
        (Selectors(extend_select=("RNG216",)), set(CODES)),
        (Selectors(ignore=("RNG2",), extend_select=("RNG216",)), {"RNG101", "RNG216"}),
        (Selectors(ignore=("RNG202",)), {"RNG101", "RNG201"}),
        (Selectors(select=()), set()),
    ],
)
def test_one_place(place: Selectors, expected: set[str]) -> None:
    assert enabled(place) == expected


def test_a_later_place_overrides_an_earlier_one() -> None:
    file = Selectors(select=("RNG1",), ignore=("RNG101",))
    assert enabled(file) == set()
    assert enabled(file, Selectors(select=("RNG101",))) == {"RNG101"}
    assert enabled(Selectors(select=("RNG1",)), Selectors(extend_select=("RNG201",))) == {"RNG101", "RNG201"}
    assert enabled(Selectors(select=("RNG2",)), Selectors(ignore=("RNG201",))) == {"RNG202", "RNG216"}


@pytest.mark.parametrize("word", ["RNG999", "E501", "rng101", "", "RNG1011"])
def test_unknown_codes_are_refused(word: str) -> None:
    for place in (Selectors(select=(word,)), Selectors(ignore=(word,)), Selectors(extend_select=(word,))):
        with pytest.raises(SettingsError, match=f"command line: unknown code '{word}'"):
            enabled(place)


def test_unknown_code_gets_a_suggestion() -> None:
    with pytest.raises(SettingsError, match="did you mean RNG101"):
        enabled(Selectors(select=("rng101",)))


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configure(folder: Path, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(text)


def test_every_key(here) -> None:
    configure(
        here,
        """
        [tool.reseed]
        select = ["RNG1"]
        extend-select = ["RNG216"]
        ignore = ["RNG101"]
        exclude = ["gen"]
        extend-exclude = ["more"]
        force-exclude = true
        respect-gitignore = false
        torch-version = "1.8"
        output-format = "concise"
        [tool.reseed.per-file-ignores]
        "tests/*" = ["RNG2"]
        """,
    )
    settings = load_settings(["."])
    assert settings.selectors == (Selectors(("RNG1",), ("RNG216",), ("RNG101",), "pyproject.toml"),)
    assert settings.exclude == (str(here), ("gen",))
    assert settings.extend_exclude == ((str(here), ("more",)),)
    assert (settings.force_exclude, settings.respect_gitignore) == (True, False)
    assert (settings.torch_version, settings.output_format) == ("1.8", "concise")
    assert settings.ignored_in("tests/test_a.py") == ("RNG2",)
    assert settings.ignored_in(str(here / "tests" / "deep" / "test_a.py")) == ("RNG2",)
    assert settings.ignored_in("src/a.py") == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('selct = ["RNG101"]', "unknown key 'selct': did you mean select?"),
        ('extend_select = ["RNG101"]', "unknown key 'extend_select': did you mean extend-select?"),
        ("zzz = 1", "unknown key 'zzz': known keys are exclude,"),
        ('select = "RNG101"', "select must be a list of strings"),
        ("ignore = [1]", "ignore must be a list of strings"),
        ("torch-version = 1.9", "torch-version must be a string"),
        ('torch-version = "new"', "torch-version must be auto, any or a version"),
        ('respect-gitignore = "yes"', "respect-gitignore must be true or false"),
        ('per-file-ignores = ["RNG1"]', "per-file-ignores must be a table"),
        ('per-file-ignores = {"a.py" = "RNG1"}', "per-file-ignores must be a table of lists"),
    ],
)
def test_mistakes_are_named_with_their_file(here, text: str, words: str) -> None:
    configure(here, f"[tool.reseed]\n{text}\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(["."])
    assert str(caught.value).startswith("pyproject.toml: [tool.reseed]: ")
    assert words in str(caught.value)


def test_broken_toml_is_an_error_only_where_it_is_ours(here) -> None:
    configure(here, "[tool.reseed\n")
    with pytest.raises(SettingsError, match="not valid TOML"):
        load_settings(["."])
    configure(here, "[tool.other\n")
    assert load_settings(["."]) == Settings()


def test_table_that_is_no_table(here) -> None:
    configure(here, "tool.reseed = 3\n")
    with pytest.raises(SettingsError, match="must be a table"):
        load_settings(["."])


def test_nearest_file_with_a_table_counts(here) -> None:
    configure(here, '[tool.reseed]\ntorch-version = "1.1"\n')
    configure(here / "a", '[project]\nname = "a"  # reseed\n')
    configure(here / "b", '[tool.reseed]\ntorch-version = "1.2"\n')
    (here / "b" / "deep").mkdir()
    (here / "b" / "deep" / "x.py").write_text("")
    assert load_settings(["a"]).torch_version == "1.1"
    assert load_settings(["b/deep/x.py"]).torch_version == "1.2"
    assert load_settings(["b/deep", "b"]).torch_version == "1.2"
    assert load_settings(["a", "b"]).torch_version == "1.1"  # what holds both
    assert load_settings(["b"], isolated=True).torch_version == "auto"
    assert load_settings(["b"], config="pyproject.toml").torch_version == "1.1"


def test_named_config_must_be_there_and_ours(here) -> None:
    with pytest.raises(SettingsError, match=r"no\.toml: cannot be read: No such file"):
        load_settings(["."], config="no.toml")
    (here / "other.toml").write_text("[tool.black]\n")
    with pytest.raises(SettingsError, match=r"other\.toml: it has no \[tool\.reseed\] table"):
        load_settings(["."], config="other.toml")


@pytest.mark.parametrize("value", ["auto", "any", "1.9", "1.13.1", "2.0.1+cu118"])
def test_torch_versions(value: str) -> None:
    assert check_torch_version(value) == value


@pytest.mark.parametrize("value", ["", "latest", ">=1.9", "1.x"])
def test_no_torch_versions(value: str) -> None:
    with pytest.raises(SettingsError):
        check_torch_version(value)
