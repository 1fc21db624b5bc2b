"""`run` with a key that cannot be had: that meter is told, all others are read, and a corrected file is taken without a restart."""

import socket
from pathlib import Path

import pytest

import radiotelegrams as radio

METERS = 40
BAD = "flat-17"
HASTY = (
    "-c",
    "import sys; from telegraf_han.live import keyfiles; keyfiles.LOOK_S = 0.2; from telegraf_han import cli; sys.exit(cli.main())",
)
"""`telegraf-han` that does not wait a minute before it looks at its key files again."""
NOW_S = 1_795_348_800


def number(meter: int) -> str:
    return f"{10_000_000 + meter}"


def key(meter: int) -> bytes:
    return bytes([meter]) * 16


def section(meter: int) -> str:
    return f'[[meter]]\nname = "flat-{meter}"\ninterface = "wmbus"\nid = "{number(meter)}"\nkey = "file:keys/flat-{meter}.key"\n'


def telegrams(access: int) -> bytes:
    """One telegram of each meter."""
    body = radio.records(NOW_S + 60 * access, (1000 * access, 0), 0, 300)
    return b"".join(radio.line(radio.mode_5(number(meter), access, body, key(meter))) for meter in range(METERS))


def row(meter: int) -> str:
    return f"flat-{meter};{number(meter)};file:keys/flat-{meter}.key\n"


@pytest.fixture(params=["sections", "table"])
def house(tmp_path: Path, converter: socket.socket, request: pytest.FixtureRequest) -> str:
    """A house of forty meters that one receiver hears, one key file a meter: in sections, or as rows of a table."""
    (tmp_path / "keys").mkdir(mode=0o700)
    for meter in range(METERS):
        write(tmp_path / "keys" / f"flat-{meter}.key", key(meter).hex())
    receiver = f'[[receiver]]\nname = "attic"\ntype = "hex"\nport = "socket://127.0.0.1:{converter.getsockname()[1]}"\n'
    output = '[output]\nstatus_interval = "200ms"\n'
    if request.param == "sections":
        return output + receiver + "".join(map(section, range(METERS)))
    write(tmp_path / "flats.csv", "name;id;key\n" + "".join(map(row, range(METERS))))
    return f'meters = "flats.csv"\n{output}{receiver}'


def write(file: Path, text: str) -> None:
    """Write a file at once, so that nobody finds half of it."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.chmod(0o600)
    new.replace(file)


def test_one_bad_key_file_of_forty(start, house: str, converter: socket.socket, tmp_path: Path) -> None:
    """39 meters are read and one is told. Its file is corrected, and all forty are read by the same process."""
    file = tmp_path / "keys" / f"{BAD}.key"
    write(file, key(17).hex()[1:])
    plugin = start(house, program=HASTY)
    everyone = {f"flat-{meter}" for meter in range(METERS)}
    with converter.accept()[0] as air:
        air.sendall(telegrams(1))
        plugin.output.wait_for(f"electricity_link,interface=wmbus,meter={BAD} ", "telegrams=1i,decoded=0i", 'state="bad_key_file"')
        for meter in everyone - {BAD}:
            plugin.output.wait_for(f"electricity,interface=wmbus,meter={meter},", "active_energy_import_wh=1000")
        plugin.output.wait_for(f"meter={BAD} ", "errors_key=1i,errors_security=0i")
        assert not [
            line for line in plugin.output.having("electricity_link,") if f"meter={BAD} " not in line and "errors_key=0i" not in line
        ]

        write(file, key(17).hex())
        plugin.log.wait_for(f"I! {BAD}: a new key was read from its file. It is used from now on")
        air.sendall(telegrams(2))
        for meter in everyone:
            plugin.output.wait_for(f"electricity,interface=wmbus,meter={meter},", "active_energy_import_wh=2000")
        plugin.output.wait_for(f"electricity_link,interface=wmbus,meter={BAD} ", "telegrams=2i,decoded=1i", 'state="ok"')

    assert not plugin.output.having(f"electricity,interface=wmbus,meter={BAD},", "active_energy_import_wh=1000")
    told = f"E! {BAD}: key: 32 hex digits expected, found 31 hex digits in {file}. This meter is not read. It is read within a minute after"
    assert len(plugin.log.having(told)) == len(plugin.log.having("E! ")) == 1
    assert key(17).hex()[:12] not in plugin.log.text
    plugin.close_stdin()
    assert plugin.process.returncode == 0


def test_a_wrong_key_is_corrected_and_a_right_one_is_lost(start, house: str, converter: socket.socket, tmp_path: Path) -> None:
    """A key that opens nothing is exchanged while the program runs. A file that vanishes later changes nothing."""
    file = tmp_path / "keys" / f"{BAD}.key"
    write(file, key(99).hex())
    plugin = start(house, program=HASTY)
    link = f"electricity_link,interface=wmbus,meter={BAD} "
    with converter.accept()[0] as air:
        air.sendall(telegrams(1))
        plugin.output.wait_for(link, 'state="wrong_key"')
        write(file, key(17).hex())
        plugin.output.wait_for(link, 'state="silent"', "telegrams=1i")
        air.sendall(telegrams(2))
        plugin.output.wait_for(link, 'state="ok"', "decoded=1i")

        file.unlink()
        plugin.log.wait_for(f"W! {BAD}: key: ", "no such file or directory. The key that was read before stays in use")
        air.sendall(telegrams(3))
        plugin.output.wait_for(link, 'state="ok"', "decoded=2i")
        file.mkdir()
        plugin.log.wait_for(f"W! {BAD}: key: ", "is a directory. The key that was read before stays in use")

    assert len(plugin.log.having(f"W! {BAD}: ", "stays in use")) == 2


def test_a_key_in_the_configuration(start, config, cable, converter: socket.socket, telegram: bytes) -> None:
    """A key that is mistyped in the configuration itself silences only its meter, too, and is not repeated."""
    wrong = "5ec2e7c0ffee5ec2e7c0ffee5ec2e7c"
    shop = f"[[meter]]\nname = 'shop'\ninterface = 'p1'\nport = 'socket://127.0.0.1:{converter.getsockname()[1]}'\nencryption_key = '{wrong}'\n"
    plugin = start(config(cable.link, more=shop))
    cable.send(telegram)

    plugin.output.wait_for("electricity_link,interface=p1,meter=shop ", 'state="bad_key_file"')
    plugin.output.wait_for("electricity,interface=p1,meter=home,")
    (line,) = plugin.log.having("E! ")
    assert line.startswith("E! shop: encryption_key: 32 hex digits expected, found 31 hex digits")
    assert line.endswith("This meter is not read. Correct encryption_key, then restart Telegraf")
    assert wrong[:12] not in plugin.log.text
