"""The pass for a relay."""

from veche.domain.calls import pass_for
from veche.domain.ids import UserId


def test_a_pass_is_what_a_relay_computes_from_the_same_secret() -> None:
    # echo -n "1700086400:@anna:veche.test" | openssl dgst -sha1 -hmac "the relay's secret" -binary | base64
    made = pass_for(UserId("@anna:veche.test"), 1_700_000_000_123, "the relay's secret", 86_400_000)
    assert made.username == "1700086400:@anna:veche.test"
    assert made.password == "y1Jo4hBd2tEe1Iewb+mLFImIM6c="


def test_it_differs_by_person_time_and_secret() -> None:
    anna, boris = UserId("@anna:veche.test"), UserId("@boris:veche.test")
    made = {
        pass_for(user, now, secret, 60_000).password
        for user in (anna, boris)
        for now in (0, 1000)
        for secret in ("one", "two")
    }
    assert len(made) == 8
