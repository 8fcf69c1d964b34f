"""A manifest that cannot be read is one line, and an audit of any YAML ends with an answer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from chaos.audit.auditing import audit
from chaos.audit.registered import RULES
from chaos.audit.rule import Severity
from chaos.audit.show import as_text
from chaos.errors import ExitCode, FileError, UsageError
from tests.audit.reading_audits import FIXTURES, MEASURED, audited

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: Pod\n  apiVersion: v1\n", "manifest.yaml:"),
        ("a: [1\n", "is missing"),
        ("\x00", "control character"),
        (POD + "spec: " + "[" * 200 + "]" * 200, "nested too deeply"),
        (POD + "".join(f"k{n}: 1\n" for n in range(30_001)), "more than 30000"),
        (POD + "#" * 600_000, "is larger than 512 kB"),
        ("kind: Pod\nkind: Pod\n", "duplicate key"),
        ("spec:\n  replicas: {{ .Values.replicas }}\n", "manifest.yaml:2: holds Helm templates"),
        ("kind: Pod\nmetadata: {name: {{ .Release.Name }}}\n", "manifest.yaml:2: holds Helm templates"),
        ("{{- if .Values.on }}\nkind: Pod\n{{- end }}\n", "manifest.yaml:1: holds Helm templates"),
    ],
    ids=lambda text: text[:20].encode().hex(),
)
def test_a_manifest_that_cannot_be_read_is_one_line_and_exit_code_2(
    tmp_path: Path, text: str, said: str
) -> None:
    found = audited(tmp_path, text)
    assert found.exit_code(Severity.ERROR) is ExitCode.USAGE
    (line,) = [line for error in found.unread for line in error.lines]
    assert said in line
    assert len(line) <= 300
    assert "\n" not in line


@pytest.mark.parametrize(
    ("more", "unread"), [("", 0), ("---\nkind: CustomResourceDefinition\n", 0), (f"---\n{POD}", 1)]
)
def test_large_definitions_of_an_operator_are_left_out_and_nothing_else(
    tmp_path: Path, more: str, unread: int
) -> None:
    (tmp_path / "pod.yaml").write_text(POD)
    definitions = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n" + "#" * 600_000
    (tmp_path / "crds.yaml").write_text(f"{definitions}\n{more}")
    found = audit([tmp_path])
    assert (found.items, len(found.unread)) == (1, unread)


def test_a_large_file_that_cannot_be_opened_is_told_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "pod.yaml").write_text(POD)
    (tmp_path / "large.yaml").write_text("#" * 600_000)
    monkeypatch.setattr(Path, "read_bytes", refused)
    found = audit([tmp_path])
    assert (found.items, len(found.unread)) == (1, 1)


def test_templates_are_named_with_what_to_type(tmp_path: Path) -> None:
    chart = tmp_path / "shop"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("name: shop\n")
    template = chart / "templates" / "api.yaml"
    template.write_text("kind: Pod\nspec: {{ toYaml .Values.spec }}\n")
    typed = f"type: helm template {chart} > rendered.yaml"
    assert typed in str(audit([chart]).unread[0])
    assert typed in str(audit([template]).unread[0])


def test_a_template_in_a_text_is_no_helm_template(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\ndata:\n  t: |\n    {{ range .Alerts }}\n    {{ end }}\n"
    found = audited(tmp_path, text)
    assert (list(found.unread), found.items) == ([], 1)


def test_what_can_be_read_is_audited_beside_what_cannot(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: [1\n")
    (tmp_path / "b.yaml").write_text((FIXTURES / "few-replicas/red.yaml").read_text())
    found = audit([tmp_path])
    assert len(found.unread) == 1
    assert "few-replicas" in {each.rule for each in found.standing}
    assert found.exit_code(Severity.ERROR) is ExitCode.USAGE


@pytest.mark.parametrize("text", ["", "# nothing\n", "a: 1\n", "- 1\n", "just text\n"])
def test_paths_without_any_manifest_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="no Kubernetes object and no Compose service"):
        audited(tmp_path, text)


def test_a_path_that_is_not_there_and_a_pipe_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    found = audit([tmp_path / "gone.yaml", tmp_path / "pipe.yaml"])
    assert [error.path.name for error in found.unread if isinstance(error.path, Path)] == [
        "gone.yaml",
        "pipe.yaml",
    ]


def test_hidden_directories_are_left_out_and_each_file_is_read_once(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a.yaml").write_text("a: [1\n")
    (tmp_path / "b.yml").write_text(POD)
    found = audit([tmp_path, tmp_path / "b.yml"])
    assert (found.files, found.items, list(found.unread)) == (1, 1, [])


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["100%", "512Mi", "0 0 * * *", "*/5 * * * *", "${A:-1}", "ignore=x", "gunicorn", "1e400"]
    ),
)
KEYS = sorted(
    {
        *(
            "apiVersion",
            "kind",
            "metadata",
            "name",
            "namespace",
            "annotations",
            "midnight-audit",
            "spec",
            "template",
        ),
        *(
            "containers",
            "image",
            "env",
            "value",
            "resources",
            "limits",
            "memory",
            "livenessProbe",
            "httpGet",
            "path",
        ),
        *(
            "schedule",
            "jobTemplate",
            "syncPolicy",
            "automated",
            "services",
            "environment",
            "depends_on",
            "items",
        ),
        *("selector", "matchLabels", "replicas", "ports", "command", "args", "lifecycle", "preStop", "data"),
    }
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(["Deployment", "CronJob", "List", "PodDisruptionBudget", "Application", "services"]),
    VALUES,
    VALUES,
)
def test_no_document_makes_a_rule_raise(
    tmp_path_factory: pytest.TempPathFactory, kind: str, spec: Any, more: Any
) -> None:
    document = {"apiVersion": "argoproj.io/v1", "kind": kind, "metadata": more, "spec": spec, "items": more}
    if kind == "services":
        document = {"services": {"api": spec, "db": more}}
    _audit_dump(tmp_path_factory, document)


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_damage_to_a_manifest_makes_a_rule_raise(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    rule = data.draw(st.sampled_from(RULES))
    text = (FIXTURES / rule.id / "red.yaml").read_text()
    (*documents,) = YAML(typ="safe").load_all(text)
    for document in documents:
        _damage(document, data)
    _audit_dump(tmp_path_factory, *documents)


def _damage(node: Any, data: st.DataObject) -> None:
    """Replace one value on a random way down."""
    keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
    if not keys:
        return
    key = data.draw(st.sampled_from(keys))
    if isinstance(node[key], dict | list) and data.draw(st.integers(0, 3)):
        _damage(node[key], data)
    else:
        node[key] = data.draw(VALUES)


def _audit_dump(tmp_path_factory: pytest.TempPathFactory, *documents: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    with path.open("w") as file:
        YAML(typ="safe").dump_all(documents, file)
    try:
        found = audit([path], measured=MEASURED)
    except (UsageError, FileError):
        return
    assert as_text(found, Severity.NOTE)


def test_a_document_that_contains_itself_ends(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: List\nitems: &a\n  - apiVersion: v1\n    kind: List\n    items: *a\n"
    assert audited(tmp_path, text).items == 1


def test_aliases_that_expand_to_billions_end(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30))]
    found = audited(tmp_path, POD + "\n".join(lines) + "\nspec: {containers: *a29}\n")
    assert found.items == 1
