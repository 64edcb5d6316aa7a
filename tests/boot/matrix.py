"""The machines that the image must boot on, as data: what a PC is made of, and a list of machines in which any two of its parts meet that
can. The list is made from a fixed seed. Its first QUICK machines have every part between them, and start from the frozen firmware wherever
a machine with that part can."""
import functools
import itertools
import random

from qemu import Config, TOP

SIGN = TOP / "tools/sign.sh"
SEED = 20261123
TRIES = 3                      # machines to choose the best of, for each that is taken
QUICK = 24                     # of them in `make test`; between them they have every part
COLD = 10                      # one in so many starts from power-on

FACTORS = {
    "firmware": ("4m", "2m", "secboot", "snakeoil"),
    "machine": ("q35", "pc", "pc-q35-2.10", "pc-i440fx-2.10", "pc-q35-4.2", "pc-i440fx-4.2", "pc-q35-6.0", "pc-i440fx-6.0"),
    "cpu": ("max", "qemu64", "Nehalem", "Haswell", "Skylake-Client", "Skylake-Server", "EPYC", "Denverton", "Opteron_G5", "max,-nx",
            "max,-smep,-smap,-umip", "max,-rdrand,-rdseed", "max,la57=on", "max,-pdpe1gb", "max,phys-bits=36"),
    "smp": ("1", "2", "3", "2,maxcpus=8", "4,sockets=2,cores=1,threads=2", "8,sockets=2,dies=2,cores=1,threads=2", "5", "1,maxcpus=255"),
    "memory": ("256M", "128M", "1G", "3G", "4G", "8G", "64G", "6G below 512M"),
    "display": ("std", "none", "virtio", "virtio-gpu", "qxl", "ramfb", "two", "two-blt"),
    "serial": ("com1", "com2", "pci", "none"),
    "disk": ("ahci", "nvme", "virtio", "usb", "cd", "pxe"),
    "timers": ("all", "no-hpet", "no-pit", "no-hpet-no-pit"),
    "iommu": ("none", "intel", "amd"),
}
TIMERS = {"all": "", "no-hpet": ",hpet=off", "no-pit": ",pit=off", "no-hpet-no-pit": ",hpet=off,pit=off"}
IOMMUS = {"none": (), "intel": ("-device", "intel-iommu"), "amd": ("-device", "amd-iommu")}
DARK = ("none", "virtio-gpu")  # without a framebuffer


def cannot_be(a, b):
    """Whether no machine can have these two parts, each (factor, value)."""
    both = {a[0]: a[1], b[0]: b[1]}

    def are(first, firsts, second, seconds):
        return both.get(first) in firsts and both.get(second) in seconds
    i440fx = tuple(name for name in FACTORS["machine"] if name.startswith("pc") and "q35" not in name)
    return (are("firmware", ("secboot", "snakeoil"), "machine", i440fx)            # this OVMF wants SMM as a Q35 has it
            or are("iommu", ("intel", "amd"), "machine", i440fx)
            or are("serial", ("none",), "display", DARK)                           # nobody could see it boot
            or are("cpu", ("max,phys-bits=36",), "memory", ("64G",)))              # 64 GiB end behind 2 to 36


def all_pairs():
    """All pairs that can be, as frozensets of two parts."""
    for (one, ones), (two, twos) in itertools.combinations(FACTORS.items(), 2):
        for pair in itertools.product(((one, value) for value in ones), ((two, value) for value in twos)):
            if not cannot_be(*pair):
                yield frozenset(pair)


def pairs_of(machine):
    return {frozenset(pair) for pair in itertools.combinations(machine.items(), 2)}


def name_of(machine):
    return " ".join(machine.values())


def config_of(machine):
    """What tools/qemu.py starts."""
    memory, below, limit = machine["memory"].partition(" below ")
    return Config(firmware=machine["firmware"], machine=machine["machine"] + TIMERS[machine["timers"]] + (f",max-ram-below-4g={limit}" if below else ""),
                  cpu=machine["cpu"], smp=machine["smp"], mem=memory, display=machine["display"], disk=machine["disk"], serial=machine["serial"],
                  extra=IOMMUS[machine["iommu"]])


def degraded_of(machine):
    """The words of degraded= that it must say, no more."""
    return {word for word, missing in (("serial", machine["serial"] == "none"), ("display", machine["display"] in DARK), ("nx", "-nx" in machine["cpu"]))
            if missing}


def starts_warm(part):
    """Whether a machine with this part can start from the frozen firmware."""
    return config_of({name: values[0] for name, values in FACTORS.items()} | dict([part])).warm_reason() is None


WARM = {name: tuple(value for value in values if starts_warm((name, value))) for name, values in FACTORS.items()}


def complete(start, factors, missing, chance):
    """A machine with these parts, the others in random order chosen so that as many missing pairs as may be are in it."""
    machine, rest = dict(start), [name for name in FACTORS if name not in dict(start)]
    chance.shuffle(rest)
    for name in rest:
        values = [value for value in factors[name] if not any(cannot_be((name, value), part) for part in machine.items())]
        gains = [sum(frozenset(((name, value), part)) in missing for part in machine.items()) for value in values]
        machine[name] = chance.choice([value for value, gain in zip(values, gains) if gain == max(gains)])
    return {name: machine[name] for name in FACTORS}


def take_best(found, start, factors, missing, chance):
    """Adds the best of a few machines with these parts to those that were found."""
    tries = [complete(start, factors, missing, chance) for _ in range(TRIES)]
    best = max(tries, key=lambda machine: sum(pair in missing for pair in pairs_of(machine)))
    for pair in pairs_of(best):
        missing.pop(pair, None)
    found.append(best)


def quick_starts():
    """Parts that machines for all days begin with: those that only start cold, together on as few as can be; then each of the others."""
    cold = ([(name, value) for value in values if value not in WARM[name]] for name, values in FACTORS.items())
    yield from ([part for part in parts if part] for parts in itertools.zip_longest(*cold) if any(parts))
    yield from ([(name, value)] for name, values in WARM.items() for value in values)


@functools.lru_cache(maxsize=None)
def machines():
    """The list, as dictionaries."""
    chance, missing, found = random.Random(SEED), dict.fromkeys(all_pairs()), []
    for start in quick_starts():
        if not all(part in set().union(*map(dict.items, found)) for part in start):
            take_best(found, start, WARM, missing, chance)
    while len(found) < QUICK:
        take_best(found, (), WARM, missing, chance)
    while missing:
        take_best(found, sorted(next(iter(missing))), FACTORS, missing, chance)
    return found
