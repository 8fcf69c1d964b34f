"""What is recognized as a name, and what stays readable."""

from __future__ import annotations

import ipaddress
import json
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.bugreport.placeholders import Placeholders

LABEL = st.text(string.ascii_lowercase, min_size=3, max_size=8).map(lambda text: f"q{text}7")
HOSTS = st.tuples(LABEL, LABEL, st.sampled_from(["com", "co.uk", "internal", "de", "cloud"])).map(".".join)


def says_something(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    plain = getattr(address, "ipv4_mapped", None) or address
    return not (plain.is_loopback or plain.is_unspecified)


ADDRESSES = st.ip_addresses().filter(says_something).map(str)
PLACES = (
    "http://{}/ready", "connect to {}: refused", "no route to ({})", "postgresql://«secret»@{}/orders",
    "host={} port=5432", '"{}" has no address', "{}", "GET https://{}?x=1", "mail ops@{} about it",
)  # fmt: skip


def replaced(node: object) -> str:
    names = Placeholders()
    names.see(node)
    return json.dumps(names.document(node))


@settings(max_examples=150)
@given(host=HOSTS, place=st.sampled_from(PLACES))
def test_a_host_with_a_domain_is_replaced_everywhere(host: str, place: str) -> None:
    text = replaced([place.format(host), {"key": f"again {host.upper()}."}, host.partition(".")[0]])
    assert host not in text.lower()
    assert host.partition(".")[0] not in text


@settings(max_examples=150)
@given(
    address=ADDRESSES,
    place=st.sampled_from(["no route to ({})", "[{}]:5432 refused", "connect to {} refused"]),
)
def test_no_address_is_left_but_loopback(address: str, place: str) -> None:
    text = replaced([place.format(address), {address: 1}])
    assert address not in text
    assert text.count("address-1") == 2


@settings(max_examples=50)
@given(user=st.text(string.ascii_lowercase, min_size=4, max_size=9).map(lambda text: f"z{text}x"))
def test_a_user_named_once_is_replaced_everywhere(user: str) -> None:
    text = replaced([f"/home/{user}/runs", f"written by {user}", {"owner": "1000:1000", user: [user]}])
    assert user not in text
    assert text.count("user-1") == 4


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:8000/ready and http://[::1]:80 and localhost:5432",
        "listens on 0.0.0.0:8474 and [::]:80",
        "at 12:30:45.250 on 2026-11-26T23:59:00Z, run 20261126T235900Z-a1b2c3",
        "targets/embedded.yaml, chaos.targets.attach.driver, events.jsonl, app.log.1.gz, setup.test.py",
        "postgres:17.6-bookworm, ghcr.io/shopify/toxiproxy:2.12.0, docker.io/library/redis@sha256:abcdef",
        "PostgreSQL 18.4, Python 3.11.7, kernel 5.15.0-1023-generic, cpu.max 100000",
        "user postgres, role 'api', started by root in /root/runs",
        "cgroup:/system.slice/shop.service",
    ],
)
def test_text_that_identifies_nobody_stays(text: str) -> None:
    assert json.loads(replaced(text)) == text


def test_an_ordinary_word_is_replaced_only_where_it_is_a_name() -> None:
    text = json.loads(replaced(["http://server:8000/", "the server was restarted"]))
    assert text == ["http://host-1:8000/", "the server was restarted"]


def test_a_service_that_has_a_role_keeps_its_name() -> None:
    names = Placeholders(kept={"orders"})
    names.see("http://orders:8000/")
    assert names.document("http://orders:8000/") == "http://orders:8000/"


def test_an_address_within_a_longer_number_is_another() -> None:
    text = json.loads(replaced(["10.0.0.5", "10.0.0.50", "110.0.0.5", "10.0.0.5:5432", "10.0.0.0/8."]))
    assert text == ["address-1", "address-2", "address-3", "address-1:5432", "address-4/8."]


def test_counts_are_of_different_names() -> None:
    names = Placeholders()
    node = ["http://q1.firm.com", "http://q2.firm.com", "Q1.firm.com", str(ipaddress.ip_address("192.0.2.1"))]
    names.see(node)
    names.document(node)
    assert names.counts == {"host": 2, "address": 1}
