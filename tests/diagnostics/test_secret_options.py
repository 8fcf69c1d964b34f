"""Options of known clients are masked although their names do not say what they hold."""

from __future__ import annotations

import pytest

from chaos.record.redact import MASK
from chaos.record.secret_forms import mask
from chaos.survey.entry import masked


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("openssl enc -aes-256-cbc -pass pass:hunter2pw -in a -out b", "hunter2pw"),
        ("openssl rsa -passin 'pass:hunter2pw' -in key.pem", "hunter2pw"),
        ("openssl enc -aes-256-cbc -k hunter2pw -in a", "hunter2pw"),
        ("zip -P hunter2pw a.zip b", "hunter2pw"),
        ("/usr/bin/zip -r -P 'hunter 2' a.zip b", "'hunter 2'"),
        ("unzip -Phunter2pw a.zip", "hunter2pw"),
        ("7z a -phunter2pw a.7z b", "hunter2pw"),
        ("ldapsearch -x -D cn=admin -w hunter2pw -b dc=x", "hunter2pw"),
        ("lftp -u ada,hunter2pw -e 'mirror /a /b' ftp.shop", "hunter2pw"),
        ("lftp -c 'open -u ada,hunter2pw ftp.shop'", "hunter2pw"),
        ("mc alias set x http://y KEYOFADA hunter2pwsecretkey", "hunter2pwsecretkey"),
        ("smbclient //nas/a -U ada%hunter2pw -c ls", "hunter2pw"),
        ("mongodump -u ada -p hunter2pw --out /b", "hunter2pw"),
        ("docker login -u ada -p hunter2pw shop", "hunter2pw"),
        ("redis-cli -h db --pass hunter2pw ping", "hunter2pw"),
        ("htpasswd -b /etc/users ada hunter2pw", "hunter2pw"),
        ("htpasswd -nb ada hunter2pw > /etc/users", "hunter2pw"),
    ],
)
def test_the_value_of_an_option_is_masked_by_program(text: str, hidden: str) -> None:
    assert mask(text) == text.replace(hidden, MASK)
    assert mask(mask(text)) == mask(text)
    assert masked(text) == text.replace(hidden, MASK)


@pytest.mark.parametrize(
    "text",
    [
        "openssl enc -aes-256-cbc -pass env:KEY -in a; openssl enc -pass file:/run/key",
        "gzip -P a; zip -r a.zip b -p; unzip -p a.zip",
        "7z a a.7z b; 7z x -p",
        "ldapsearch -x -W -s base -b dc=x; ldapsearch -y /run/pw",
        "lftp -u ada ftp.shop; sort -u a,b",
        "mc ls x; mc alias list; mc mirror a b c d e",
        "mongodump --port 27017 -p --out /b",
        "docker run -p 80:80 shop; docker compose -p shop up; mkdir -p /a",
        "rsync -P a b; scp -P 22 a b",
        "htpasswd /etc/users ada",
    ],
)
def test_what_another_program_calls_so_stays(text: str) -> None:
    assert mask(text) == text
