"""Which push gateways a setting allows, and which URLs are theirs."""

import pytest

from veche.domain.notifications.gateways import (
    NOTIFY_PATH,
    BadGateway,
    Gateway,
    Gateways,
    gateway_of,
    gateways_from,
)


@pytest.mark.parametrize(
    ("entry", "gateway"),
    [
        ("push.example.org", Gateway("https", "push.example.org", 443)),
        ("Push.Example.ORG:8443", Gateway("https", "push.example.org", 8443)),
        ("https://push.example.org/", Gateway("https", "push.example.org", 443, "/")),
        ("https://push.example.org/_matrix", Gateway("https", "push.example.org", 443, "/_matrix")),
        ("http://127.0.0.1:9000", Gateway("http", "127.0.0.1", 9000)),
        ("https://[fd00::1]:8443", Gateway("https", "[fd00::1]", 8443)),
        ("localhost:5000", Gateway("https", "localhost", 5000)),
    ],
)
def test_entries_of_the_setting(entry: str, gateway: Gateway) -> None:
    assert gateways_from(entry).allowed == (gateway,)
    url = f"{gateway.origin}{NOTIFY_PATH}"
    found = gateway_of(gateways_from(f"other.example.org {entry}"), url)
    assert isinstance(found, Gateway)
    assert found.url == url


def test_networks_and_gateways_named_by_their_address_may_be_found_there() -> None:
    found = gateways_from("10.0.0.0/8, fd00::/8,192.168.1.1 http://127.0.0.1:80")
    assert [str(one) for one in found.networks] == ["10.0.0.0/8", "fd00::/8", "192.168.1.1/32", "127.0.0.1/32"]
    assert gateways_from("") == Gateways()


@pytest.mark.parametrize(
    "entry",
    [
        *("ftp://push.example.org", "https://", "https://push.example.org:0", "https://push.example.org:99999", "a_b"),
        *(
            "https://user@push.example.org",
            "https://push.example.org?x",
            "127.1:80",
            "0x7f.1",
            "10.0.0.0/8/8",
            "10.0.0.0/33",
            "*",
        ),
        *("http://127.0.0.01:80", "[::1", "https://[::01]:80", "пуш.рф", "https://push.example.org/../x", "-a.b"),
    ],
)
def test_entries_that_are_none(entry: str) -> None:
    with pytest.raises(BadGateway):
        gateways_from(entry)


@pytest.mark.parametrize(
    "url",
    [
        *("https://push.example.org", "https://push.example.org/", "https://push.example.org//_matrix/push/v1/notify"),
        *(f"https://push.example.org{NOTIFY_PATH}/", f"https://push.example.org{NOTIFY_PATH}?a=b"),
        *(f"https://push.example.org{NOTIFY_PATH}#a", f"https://push.example.org:444{NOTIFY_PATH}"),
        *(
            f"http://push.example.org{NOTIFY_PATH}",
            f"https://push.example.org.{NOTIFY_PATH}",
            f"//push.example.org{NOTIFY_PATH}",
        ),
        *(
            f"https://push.example.org@evil.example{NOTIFY_PATH}",
            f"https://evil.example/@push.example.org{NOTIFY_PATH}",
        ),
        *(f"https://push.example.org\\.evil.example{NOTIFY_PATH}", f"https://push.example.org\n{NOTIFY_PATH}"),
        *(
            f" https://push.example.org{NOTIFY_PATH}",
            f"https://push.example.org{NOTIFY_PATH} ",
            f"https://evil.push.example.org{NOTIFY_PATH}",
        ),
        *(
            f"https://pusH.example.org.evil{NOTIFY_PATH}",
            f"https://push.example.org:{NOTIFY_PATH}",
            f"https://push.example.or\u212a{NOTIFY_PATH}",
        ),
        *(
            f"https://push%2eexample.org{NOTIFY_PATH}",
            f"file://push.example.org{NOTIFY_PATH}",
            f"https:push.example.org{NOTIFY_PATH}",
        ),
        *(
            f"https://push.example.org/x/..{NOTIFY_PATH}",
            "https://push.example.org/_matrix/push/v1/notif%79",
            7,
            None,
            "x" * 5000,
        ),
    ],
)
def test_urls_that_are_not_those_of_the_gateway(url: object) -> None:
    assert not isinstance(gateway_of(gateways_from("push.example.org"), url), Gateway)
