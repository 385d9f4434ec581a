"""Addresses of the staff screens. Every view carries its permission (`access.requires`)."""

from __future__ import annotations

from django.urls import path, re_path

from apps.dashboard.acts.bots import ACTS
from apps.dashboard.acts.cases import ACTS as CASE_ACTS
from apps.dashboard.views import (
    accounts,
    approvals,
    audit,
    bot,
    bot_acts,
    bot_config,
    fleet,
    golive,
    halts,
    order_acts,
    orders,
    positions,
    quality,
    reconcile,
    reconcile_reports,
    risk,
    runbooks,
    search,
    session,
    system,
)
from apps.dashboard.views.missing import missing

urlpatterns = [
    path("sign-in/", session.sign_in, name="sign-in"),
    path("sign-out/", session.sign_out, name="sign-out"),
    path("welcome/<str:token>", session.welcome, name="welcome"),
    path("welcome/<str:token>/", session.welcome),
    path("me/appearance/", session.appearance, name="appearance"),
    path("frame/strip/", fleet.strip, name="strip"),
    path("search/", search.palette, name="search"),
    path("", fleet.fleet, name="fleet"),
    path("bots/new/", bot_config.new_bot, name="bot-new"),
    path("bots/pause/", bot_acts.pause_many, name="bots-pause"),
    path("bots/<slug:slug>/", bot.overview, name="bot"),
    path("bots/<slug:slug>/orders/", bot.bot_orders, name="bot-orders"),
    path("bots/<slug:slug>/fills/", bot.bot_fills, name="bot-fills"),
    path("bots/<slug:slug>/profit/", bot.profit, name="bot-profit"),
    path("bots/<slug:slug>/quality/", quality.bot_quality, name="bot-quality"),
    path("bots/<slug:slug>/decisions/", bot.decisions, name="bot-decisions"),
    path("bots/<slug:slug>/chart/<int:instrument_id>.json", bot.chart, name="bot-chart"),
    path("bots/<slug:slug>/config/", bot_config.versions, name="bot-config"),
    path("bots/<slug:slug>/config/new/", bot_config.new_version, name="bot-config-new"),
    path("bots/<slug:slug>/go-live/", golive.ladder, name="bot-golive"),
    path("bots/<slug:slug>/promote/", golive.promote, name="bot-promote"),
    *(
        path(f"bots/<slug:slug>/{name}/", bot_acts.bot_act(name), name=f"bot-{name}")
        for name in ACTS
    ),
    path("bots/<slug:slug>/cancel-orders/", order_acts.cancel_of_bot, name="bot-cancel-orders"),
    path("bots/<slug:slug>/close/<int:instrument_id>/", order_acts.close, name="bot-close"),
    path("orders/", orders.order_list, name="orders"),
    path("orders/new/", order_acts.new_order, name="order-new"),
    path("orders/cancel/", order_acts.cancel_many, name="orders-cancel"),
    path("orders/<str:client_order_id>/amend/", order_acts.amend, name="order-amend"),
    path("orders/<str:client_order_id>/cancel/", order_acts.cancel, name="order-cancel"),
    path("order-groups/<uuid:group_id>/cancel/", order_acts.end_group, name="group-cancel"),
    path("orders/<str:client_order_id>/", orders.order, name="order"),
    path("quality/", quality.quality, name="quality"),
    path("fills/", orders.fill_list, name="fills"),
    path("positions/", positions.positions, name="positions"),
    path("risk/", risk.risk, name="risk"),
    path("risk/limits/<str:scope_kind>/<str:name>/", risk.limit, name="limit-desk"),
    path("risk/limits/<str:scope_kind>/<str:scope_id>/<str:name>/", risk.limit, name="limit"),
    path("halt/", halts.halt_scope, name="halt-desk"),
    path("halt/<str:scope_kind>/<str:scope_id>/", halts.halt_scope, name="halt"),
    path("restrictions/<uuid:restriction_id>/release/", halts.release, name="release"),
    path("approvals/", approvals.request_list, name="approvals"),
    path("approvals/<int:number>/", approvals.change_request, name="approval"),
    path("approvals/<int:number>/vote/", approvals.vote, name="approval-vote"),
    path("approvals/<int:number>/withdraw/", approvals.take_back, name="approval-withdraw"),
    path("reconcile/", reconcile.reconcile, name="reconcile"),
    path("reconcile/cases/<uuid:case_id>/", reconcile.case, name="case"),
    *(
        path(
            f"reconcile/cases/<uuid:case_id>/{verb}/", reconcile.case_act(verb), name=f"case-{verb}"
        )
        for verb in CASE_ACTS
    ),
    path("reconcile/accounts/<slug:slug>/now/", reconcile.compare_now, name="reconcile-now"),
    path("reconcile/accounts/<slug:slug>/clear/", reconcile.clear, name="reconcile-clear"),
    path("reconcile/reports/<slug:slug>/", reconcile_reports.report, name="reconcile-report"),
    path("runbooks/<slug:kind>/", runbooks.runbook, name="runbook"),
    path("audit/", audit.audit, name="audit"),
    path("audit/<int:seq>/", audit.event, name="audit-event"),
    path("accounts/", accounts.account_list, name="accounts"),
    path("accounts/new/", accounts.new_account, name="account-new"),
    path("accounts/<slug:slug>/keys/", accounts.keys, name="account-keys"),
    path("accounts/<slug:slug>/settings/", accounts.terms, name="account-settings"),
    path("accounts/<slug:slug>/test/", accounts.check, name="account-test"),
    path("system/", system.system, name="system"),
    re_path(r"^.*$", missing),
]
