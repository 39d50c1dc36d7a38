"""How a bed starts, stands beside others, and ends."""

from __future__ import annotations

import os
import signal
import time
import unittest

from emulator.tests.running import Running, running


def wait_until_gone(bed: Running) -> list[str]:
    """The parts that are still alive after five seconds."""
    deadline = time.monotonic() + 5
    while bed.living() and time.monotonic() < deadline:
        time.sleep(0.05)
    return bed.living()


class Life(unittest.TestCase):
    def test_beds_side_by_side_get_different_ports(self) -> None:
        with running("git") as one, running("git") as other:
            self.assertNotEqual(one.about["git"]["url"], other.about["git"]["url"])
            self.assertEqual((one.living(), other.living()), (["git"], ["git"]))

    def test_closing_its_input_stops_every_part(self) -> None:
        with running("aws", "git") as bed:
            self.assertEqual(sorted(bed.living()), ["aws", "git"])
            self.assertIn("everything is stopped", bed.close())
            self.assertEqual(bed.process.returncode, 0)
            self.assertEqual(bed.living(), [])

    def test_no_part_outlives_a_bed_that_is_killed(self) -> None:
        with running("aws", "git") as bed:
            bed.process.kill()
            self.assertEqual(wait_until_gone(bed), [])

    def test_a_part_that_dies_ends_the_bed_and_is_named(self) -> None:
        with running("aws", "git") as bed:
            os.kill(bed.about["pids"]["git"], signal.SIGKILL)
            said, _ = bed.process.communicate(timeout=30)
            self.assertIn("git was killed by signal 9", said)
            self.assertEqual(bed.process.returncode, 1)
            self.assertEqual(bed.living(), [])


if __name__ == "__main__":
    unittest.main()
