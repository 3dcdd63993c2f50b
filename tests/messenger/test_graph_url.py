import pytest

from messenger.graph_url import GRAPH_URL, GRAPH_VERSION, GraphUrlRefused, PublicResolver, graph_base


@pytest.mark.parametrize(
    ("url", "base"),
    [
        (GRAPH_URL, "https://graph.facebook.com/v25.0"),
        ("https://graph.facebook.com/", "https://graph.facebook.com/v25.0"),
        ("https://8.8.8.8", "https://8.8.8.8/v25.0"),
        ("http://127.0.0.1:8081", "http://127.0.0.1:8081/v25.0"),
        ("http://localhost:8081/graph", "http://localhost:8081/graph/v25.0"),
        ("http://[::1]:8081", "http://[::1]:8081/v25.0"),
    ],
)
def test_the_platform_and_this_machine_may_be_called(url: str, base: str) -> None:
    assert str(graph_base(url, GRAPH_VERSION)) == base


@pytest.mark.parametrize(
    "url",
    [
        "http://graph.facebook.com",
        "http://simulator:8081",
        "https://10.0.0.1",
        "https://192.168.1.1",
        "https://169.254.169.254",
        "https://[fd00::1]",
        "https://[::ffff:10.0.0.1]",
        "https://0.0.0.0",
    ],
)
def test_plain_and_private_addresses_need_the_local_mode(url: str) -> None:
    with pytest.raises(GraphUrlRefused):
        graph_base(url, GRAPH_VERSION)
    graph_base(url, GRAPH_VERSION, local_mode=True)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "graph.facebook.com",
        "ftp://a.example",
        "https://u:p@a.example",
        "https://a.example?x=1",
        "https://a.example#f",
        "https://a.example:port",
        "file:///etc/passwd",
    ],
)
def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(GraphUrlRefused):
        graph_base(url, GRAPH_VERSION, local_mode=True)


@pytest.mark.parametrize("version", ["", "25.0", "v25", "v25.0/", "v25.0/../x"])
def test_a_version_looks_like_one(version: str) -> None:
    with pytest.raises(GraphUrlRefused):
        graph_base(GRAPH_URL, version)


async def test_a_name_that_leads_into_the_own_network_does_not_resolve() -> None:
    resolver = PublicResolver()
    with pytest.raises(OSError, match="no public address"):
        await resolver.resolve("localhost", 443)
    assert [found["host"] for found in await resolver.resolve("8.8.8.8", 443)] == ["8.8.8.8"]
    await resolver.close()
