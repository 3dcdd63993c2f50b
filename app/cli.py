"""Which commands does the program have?

`assent X` is `python -m app X`. 0 is success, 1 failure, 2 wrong use, 78 wrong configuration. Each command imports
what it needs when it runs, so that `--help` is quick.
"""

import os
import sys
from typing import Annotated

import typer

from app.commands import (
    audience,
    campaign_previews,
    campaign_reports,
    campaigns,
    fields,
    keys,
    labels,
    lanes,
    leads,
    logs,
    notices,
    pages,
    proof_audit,
    proofs,
    requests,
    segments,
)
from app.commands import witness as witness_command
from app.commands.running import AsJson, finish, log_to, read_settings, show

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Assent: a Messenger bot and broadcast service that proves every opt-in and keeps every promise.",
)
for command in (logs.checkpoint, logs.new_log, logs.tiles, proof_audit.audit, proof_audit.account):
    proofs.app.command()(command)
campaigns.app.command("show")(campaign_previews.show_campaign)
campaigns.app.command("test")(campaign_previews.send_test)
campaigns.app.command()(audience.audience)
campaigns.app.command()(campaign_reports.report)
campaigns.app.command()(campaign_reports.retry)
campaigns.app.command()(campaign_reports.send_again)
pages.app.command("lanes")(lanes.show_lanes)
leads.app.command()(labels.tag)
leads.app.command()(labels.untag)
leads.app.command()(labels.put)
for group in (campaigns, fields, segments, pages, leads, requests, notices, proofs, keys):
    app.add_typer(group.app, name=group.__name__.rpartition(".")[2])


@app.command()
def up() -> None:
    """Run the whole product: database unless DATABASE_URL is set, migrations, web and worker."""
    from app.services import run_up

    settings = read_settings()
    log_to(settings)
    finish(run_up(settings))


@app.command()
def demo(
    port: Annotated[int, typer.Option(min=0, max=65535, help="The product's port; another one if it is taken.")] = 8080,
    simulator_port: Annotated[int, typer.Option(min=0, max=65535, help="The simulator's port.")] = 8090,
    followers: Annotated[int, typer.Option(min=0, max=100_000, help="How many scripted followers there are.")] = 1000,
) -> None:
    """Run the whole product with a simulated Messenger and a thousand followers; needs no network."""
    from app.demo import demo_of, run_demo

    one = demo_of(os.environ, port=port, simulator_port=simulator_port)
    log_to(one.settings, quiet=True)
    finish(run_demo(one, followers=followers))


@app.command()
def web() -> None:
    """Run the web process: webhooks and followers' pages."""
    from app.services import run_web

    settings = read_settings()
    log_to(settings)
    finish(run_web(settings))


@app.command()
def worker() -> None:
    """Run a worker process: inbox, campaigns, log, jobs."""
    from app.services import run_worker

    settings = read_settings()
    log_to(settings)
    finish(run_worker(settings))


@app.command()
def migrate() -> None:
    """Bring the database up to this version."""
    from app.services import run_migrations

    settings = read_settings()
    log_to(settings, quiet=True)
    finish(run_migrations(settings))
    show(None, ["The database is up to date."], as_json=False)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def simulator(context: typer.Context) -> None:
    """Run the simulated Messenger platform alone."""
    from simulator.__main__ import main as run_simulator

    raise typer.Exit(run_simulator(context.args))


app.command()(witness_command.witness)


@app.command()
def check(
    alive: Annotated[bool, typer.Option("--alive", help="Only ask whether the web process answers.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look at settings, database, keys, clock, token and subscription, and say what to put right."""
    from app.doctor import ask_alive, examine

    settings = read_settings()
    log_to(settings, quiet=True)
    findings = finish(ask_alive(settings) if alive else examine(settings))
    lines = [f"{'ok  ' if one.good else 'FAIL'} {one.name}: {one.detail}" for one in findings]
    documents = [{"name": one.name, "ok": one.good, "detail": one.detail} for one in findings]
    show(documents, lines, as_json=as_json)
    if not all(one.good for one in findings):
        raise typer.Exit(1)


def main() -> None:
    """The program; ends the process with the command's exit status."""
    try:
        app(standalone_mode=True)
    except KeyboardInterrupt:
        sys.exit(130)
