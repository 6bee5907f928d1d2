"""What a program does with the generated client: send, grab, open, check, and be refused."""

import sys
import time

from hongbao_client import AuthenticatedClient, Client
from hongbao_client.api.groups import create_group, create_invitation, join_group, list_messages, post_message
from hongbao_client.api.packets import create_packet, get_packet, grab_packet, open_packet, pay_packet
from hongbao_client.api.people import create_guest, get_me
from hongbao_client.api.wallet import top_up
from hongbao_client.models import (
    Grabbed,
    GrabState,
    Group,
    GuestRequest,
    Invitation,
    JoinRequest,
    Kind,
    Landing,
    NewGroup,
    NewMessage,
    Opened,
    OpenRequest,
    PacketDetails,
    PacketMessage,
    PageMessage,
    PayRequest,
    PreOrder,
    PreOrderRequest,
    Problem,
    Profile,
    SignedIn,
    TextMessage,
    TopUp,
    TopUpRequest,
)

url = sys.argv[1]


def guest(name: str) -> tuple[AuthenticatedClient, Profile]:
    signed_in = create_guest.sync(client=Client(base_url=url), body=GuestRequest(name=name))
    assert isinstance(signed_in, SignedIn), signed_in
    return AuthenticatedClient(base_url=url, token=signed_in.token), signed_in.user


def refused(answer: object) -> tuple[int, str]:
    assert isinstance(answer, Problem), answer
    return answer.status, str(answer.code)


alice, alice_is = guest("Alice")
bob, bob_is = guest("小明")

group = create_group.sync(client=alice, body=NewGroup(name="Family"), idempotency_key="group-1")
assert isinstance(group, Group), group
again = create_group.sync(client=alice, body=NewGroup(name="Family"), idempotency_key="group-1")
assert isinstance(again, Group) and again.id == group.id, again
invitation = create_invitation.sync(group.id, client=alice)
assert isinstance(invitation, Invitation), invitation
joined = join_group.sync(client=bob, body=JoinRequest(code=invitation.code))
assert isinstance(joined, Group) and joined.id == group.id, joined
said = post_message.sync(group.id, client=bob, body=NewMessage(text="新年快乐"))
assert isinstance(said, TextMessage), said

topped_up = top_up.sync(client=alice, body=TopUpRequest(amount_fen=20_000, key="top-up-1"))
assert isinstance(topped_up, TopUp), topped_up

draft = PreOrderRequest(group_id=group.id, kind=Kind.LUCKY, total_fen=1000, shares=2)
order = create_packet.sync(client=alice, body=draft, idempotency_key="packet-1")
assert isinstance(order, PreOrder), order
paid = pay_packet.sync(order.order_no, client=alice, body=PayRequest(client_seed="c0ffee"))
assert isinstance(paid, PacketDetails | Landing), paid

opened = 0
for person in (bob, alice):
    grabbed = grab_packet.sync(order.order_no, client=person)
    assert isinstance(grabbed, Grabbed) and grabbed.state == GrabState.CAN_OPEN, grabbed
    assert isinstance(grabbed.ticket, str)
    share = open_packet.sync(order.order_no, client=person, body=OpenRequest(ticket=grabbed.ticket))
    assert isinstance(share, Opened) and share.order_no == order.order_no, share
    opened += share.amount_fen
assert opened == 1000, opened

details = get_packet.sync(order.order_no, client=bob)
assert isinstance(details, PacketDetails), details
assert isinstance(details.claims, list) and len(details.claims) == 2, details
assert {claim.user.id for claim in details.claims} == {alice_is.id, bob_is.id}, details
assert details.fairness.commitment == order.commitment
assert isinstance(details.fairness.server_seed, str), details.fairness

# The card comes into the chat by itself, a moment after the payment.
log = PageMessage(items=[])
for _ in range(600):
    page = list_messages.sync(group.id, client=alice)
    assert isinstance(page, PageMessage), page
    log = page
    cards = [message for message in log.items if isinstance(message, PacketMessage)]
    if cards:
        break
    time.sleep(0.05)
assert [card.packet.order_no for card in cards] == [order.order_no], log
texts = [message.text for message in log.items if isinstance(message, TextMessage)]
assert texts == ["新年快乐"], log

# Refusals are answers like any other: a status, and a code to branch on.
too_much = PreOrderRequest(group_id=group.id, kind=Kind.LUCKY, total_fen=100_000_000, shares=2)
assert refused(create_packet.sync(client=alice, body=too_much)) == (422, "amount_out_of_range")
assert refused(get_packet.sync("000000000000000", client=alice))[0] in (400, 404)
carol = guest("Carol")[0]
assert refused(get_packet.sync(order.order_no, client=carol)) == (404, "packet_not_found")
assert refused(open_packet.sync(order.order_no, client=bob, body=OpenRequest(ticket="xxxx")))[0] == 403
stranger = AuthenticatedClient(base_url=url, token="nobody")
assert refused(get_me.sync(client=stranger)) == (401, "unauthenticated")
print("done")
