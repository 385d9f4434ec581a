"""Faults of the simulated exchange: what may be armed, what is, and arming and clearing it."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.caller import acts
from apps.api.idempotency import once
from apps.simulator.actions.arm_fault import arm_fault
from apps.simulator.actions.clear_faults import clear_faults
from apps.simulator.queries import fault_knobs

FAULTS = {"type": "object"}


class FaultInput(serializers.Serializer[Any]):
    """A knob and how to arm it; `knobs` of the list says which terms each kind takes."""

    kind = serializers.CharField(max_length=40)
    account = serializers.CharField(required=False, allow_blank=True, max_length=100)
    terms = serializers.DictField(child=serializers.CharField(max_length=100), required=False)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=500, default="")


class Faults(viewsets.ViewSet):
    """Make the simulated exchange fail on purpose. Refused on a desk without simulated accounts."""

    needs = {
        "read": "view_operations",
        "create": "simulate_faults",
        "destroy": "simulate_faults",
        "destroy_all": "simulate_faults",
    }

    @extend_schema(responses={200: FAULTS})
    def list(self, request: Request) -> Response:
        """Return what is armed and every knob with what it imitates."""
        return Response(fault_knobs())

    @extend_schema(request=FaultInput, responses={201: FAULTS})
    def create(self, request: Request) -> Response:
        """Arm a knob."""
        form = FaultInput(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data
        terms = wanted.get("terms", {}) | {"kind": wanted["kind"]}
        if wanted.get("account"):
            terms["account"] = wanted["account"]

        def act() -> Response:
            done = arm_fault(actor=acts(request), terms=terms, reason=wanted["reason"])
            return Response(done, status=201)

        return once(request, act)

    @extend_schema(request=None, responses={200: FAULTS})
    def destroy(self, request: Request, pk: int) -> Response:
        """Clear the fault of that number."""
        return once(request, lambda: Response(clear_faults(actor=acts(request), number=pk)))

    @extend_schema(
        operation_id="simulator_faults_clear", request=None, responses={200: FAULTS}
    )  # fmt: skip
    def destroy_all(self, request: Request) -> Response:
        """Clear every fault, or with `account` those of that account."""
        account = request.query_params.get("account", "")
        return once(request, lambda: Response(clear_faults(actor=acts(request), account=account)))


# A collection that can be deleted as a whole, which the router has no form for.
FAULT_ROUTES = (
    path(
        "v1/simulator/faults/",
        Faults.as_view({"get": "list", "post": "create", "delete": "destroy_all"}),
        name="simulator-faults-list",
    ),
    path(
        "v1/simulator/faults/<int:pk>/",
        Faults.as_view({"delete": "destroy"}),
        name="simulator-faults-detail",
    ),
)
