"""Which frames of Java are a library's."""

from __future__ import annotations

import pytest

from tests.log_errors.reading_logs import only

FRAME = "java.sql.SQLException: gone\n\tat {}(Client.java:875)\n\tat com.acme.Dao.load(Dao.java:44)\n"


@pytest.mark.parametrize(
    "method",
    [
        "org.mariadb.jdbc.client.impl.StandardClient.readPacket",
        "io.ktor.client.plugins.HttpSend.execute",
        "com.microsoft.sqlserver.jdbc.SQLServerException.makeFromDatabaseError",
        "io.github.resilience4j.circuitbreaker.CircuitBreaker.run",
        "org.sqlite.core.DB.newSQLException",
        "com.hazelcast.client.impl.ClientInvocation.get",
    ],
)
def test_a_frame_of_a_driver_is_a_librarys(method: str) -> None:
    assert str(only(FRAME.format(method)).stack.frame) == "Dao.java:44 in Dao.load"


@pytest.mark.parametrize(
    "method",
    [
        "org.mariadbtools.Sync.run",
        "io.github.acme.Shop.run",
        "com.microsoft.shop.Sync.run",
        "io.ktorshop.Sync.run",
        "org.sqlitebrowser.Sync.run",
    ],
)
def test_a_frame_of_a_package_with_a_similar_name_is_the_applications(method: str) -> None:
    assert str(only(FRAME.format(method)).stack.frame).startswith("Client.java:875")
