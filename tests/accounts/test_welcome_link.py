"""The one-time link of a first run: loopback, single use, fifteen minutes."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections

from apps.accounts.actions.create_person import NewPerson, create_person
from apps.accounts.actions.make_welcome_link import make_welcome_link
from apps.accounts.actions.use_welcome_link import WelcomeRefused, use_welcome_link
from apps.accounts.models import User, WelcomeLink
from apps.audit.models import AuditEvent
from apps.core.actor import Actor
from apps.core.clock import now
from apps.core.errors import NotPermitted

SYSTEM = Actor.task("tests")


def demo_person() -> User:
    return create_person(actor=SYSTEM, person=NewPerson("demo", is_demo=True, roles=("operator",)))


@pytest.mark.django_db
def test_the_link_signs_in_once() -> None:
    user = demo_person()
    token = make_welcome_link(actor=SYSTEM, user=user)
    assert use_welcome_link(token=token, address="127.0.0.1") == user
    assert AuditEvent.objects.filter(verb="welcome.use", actor_name="demo").count() == 1
    with pytest.raises(WelcomeRefused):
        use_welcome_link(token=token, address="127.0.0.1")


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["10.0.0.7", "192.168.1.2", "", "localhost", "2001:db8::1"])
def test_the_link_is_refused_from_elsewhere_and_stays_unused(address: str) -> None:
    token = make_welcome_link(actor=SYSTEM, user=demo_person())
    with pytest.raises(WelcomeRefused) as refused:
        use_welcome_link(token=token, address=address)
    assert refused.value.code == "WELCOME_LOOPBACK_ONLY"
    assert use_welcome_link(token=token, address="::1").username == "demo"


@pytest.mark.django_db
def test_the_link_ends_after_fifteen_minutes() -> None:
    token = make_welcome_link(actor=SYSTEM, user=demo_person())
    link = WelcomeLink.objects.get()
    assert link.expires_at - link.created_at == timedelta(minutes=15)
    WelcomeLink.objects.update(expires_at=now())
    with pytest.raises(WelcomeRefused):
        use_welcome_link(token=token, address="127.0.0.1")


@pytest.mark.django_db
def test_a_new_link_ends_the_older_one() -> None:
    user = demo_person()
    older, newer = (make_welcome_link(actor=SYSTEM, user=user) for _ in range(2))
    with pytest.raises(WelcomeRefused):
        use_welcome_link(token=older, address="127.0.0.1")
    assert use_welcome_link(token=newer, address="127.0.0.1") == user


@pytest.mark.django_db
def test_only_a_demo_person_gets_a_link() -> None:
    user = create_person(actor=SYSTEM, person=NewPerson("real", roles=("administrator",)))
    with pytest.raises(NotPermitted, match="WELCOME_DEMO_ONLY"):
        make_welcome_link(actor=SYSTEM, user=user)
    assert not WelcomeLink.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_browsers_at_once_get_one_session() -> None:
    token = make_welcome_link(actor=SYSTEM, user=demo_person())
    results: list[str] = []
    start = threading.Barrier(4)

    def use() -> None:
        start.wait()
        try:
            results.append(use_welcome_link(token=token, address="127.0.0.1").username)
        except WelcomeRefused:
            results.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["demo", "refused", "refused", "refused"]
