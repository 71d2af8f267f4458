"""The same over HTTPS as over plain HTTP: halves, floods, pipelines, nonsense (see ``test_transport``)."""

import pytest

from tests.scenarios.test_transport import (
    test_a_body_without_end_is_cut_off,
    test_a_client_that_waits_for_100_continue,
    test_a_head_without_end_is_refused,
    test_a_request_in_single_bytes,
    test_an_offer_of_another_protocol_is_passed_over,
    test_bodies_beyond_the_limit_are_refused_and_the_connection_goes_on,
    test_bodies_in_chunks,
    test_connections_end_as_the_client_wishes,
    test_half_requests_hold_up_nobody,
    test_head_and_options_on_one_connection,
    test_requests_in_one_packet_are_answered_in_their_order,
    test_the_fast_lane_answers_as_the_ordinary_way_does,
    test_what_is_not_http,
    test_who_does_not_read_answers_is_asked_to_wait,
    test_who_goes_away_during_a_long_poll_holds_up_nobody,
)

__all__ = [
    "test_a_body_without_end_is_cut_off",
    "test_a_client_that_waits_for_100_continue",
    "test_a_head_without_end_is_refused",
    "test_a_request_in_single_bytes",
    "test_an_offer_of_another_protocol_is_passed_over",
    "test_bodies_beyond_the_limit_are_refused_and_the_connection_goes_on",
    "test_bodies_in_chunks",
    "test_connections_end_as_the_client_wishes",
    "test_half_requests_hold_up_nobody",
    "test_head_and_options_on_one_connection",
    "test_requests_in_one_packet_are_answered_in_their_order",
    "test_the_fast_lane_answers_as_the_ordinary_way_does",
    "test_what_is_not_http",
    "test_who_does_not_read_answers_is_asked_to_wait",
    "test_who_goes_away_during_a_long_poll_holds_up_nobody",
]
pytestmark = pytest.mark.settings(tls="on", trust_port=0)
