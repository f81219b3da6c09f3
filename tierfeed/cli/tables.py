"""x"""
import typer
app = typer.Typer(name="tables")

@app.command()
def x() -> None:
    """x"""
