"""The rig that holds a CPU does hold it, and only it."""
import time

import held_cpu
from boots import esp
from qemu import Config

APP = "apps/hello"
BOOT_CPU = 1                   # its thread


def test_boot_cpu_is_held_and_goes_on(stubbed):
    running, stub = stubbed(esp(APP), Config(smp="4"))
    main = held_cpu.symbols(APP)["main"]
    assert stub.run_to(main, 60) == BOOT_CPU
    stub.run(without=[BOOT_CPU])
    said = len(running.serial_bytes)
    time.sleep(0.5)
    assert len(running.serial_bytes) == said
    stub.stop()
    assert stub.rip(BOOT_CPU) == main
    stub.run()
    end = running.wait(60)
    assert (end.how, end.status) == ("exit", 0), f"{end}\n{running.text}"


def test_other_cpus_are_held_and_the_boot_cpu_runs(stubbed):
    running, stub = stubbed(esp(APP), Config(smp="4"))
    assert stub.run_to(held_cpu.symbols(APP)["core_start"], 60) == BOOT_CPU
    stub.run(without=stub.threads[1:])
    assert running.wait_for("hello from cpu 0", 60), running.text
    end = running.wait(60)
    assert (end.how, end.status) == ("exit", 0), f"{end}\n{running.text}"


def test_a_place_that_nobody_comes_to(stubbed):
    running, stub = stubbed(esp(APP, "exit=halt"), Config(smp="2"))
    assert stub.run_to(0x1000, 2) is None
    stub.run()
    assert running.wait_for("main returned 0", 60), running.text
