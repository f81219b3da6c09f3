"""`tierfeed audit`: what the Kafka cluster has refused."""

import typer

from infra.parts import say_ready
from tierfeed.cli.service import in_thread, serve
from tierfeed.cli.stack import reached
from tierfeed.settings import load_settings

app = typer.Typer(name="audit", help="The auditor: refusals to access.decisions.", no_args_is_help=True)


@app.command()
def run() -> None:
    """Put what the cluster's authorizer refuses on the topic access.decisions until SIGTERM or Ctrl-C, each once.

    It reads the authorizer's log, so it runs where that is: the setting kafka.authorizer_log names it.

    Example: TIERFEED_KAFKA__AUTHORIZER_LOG=/var/log/kafka/kafka-authorizer.log tierfeed audit run
    """
    from tenants.audit.auditor import run_audit

    settings = reached(load_settings())
    serve(settings, "audit", in_thread(lambda ended: run_audit(settings, ended, say_ready)))
