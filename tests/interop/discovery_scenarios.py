"""What real initiators find out about the target before they read or write anything."""

import unittest

import clients
import servers
from scenario import Scenario
from servers import MIB, Account, Lun


class Discovery(Scenario):
    def test_lists_the_target_and_its_units(self):
        server = self.serve(luns=[Lun(64 * MIB), Lun(1024 * MIB)])
        output = self.succeed("iscsi-ls", "-s", server.portal_url())
        self.assertRegex(output, rf"Target:{servers.IQN} Portal:127\.0\.0\.1:{server.port},\d+")
        # The tool forgets the last block when it counts.
        first = server.first_lun
        self.assertRegex(output, rf"Lun:{first}\s+Type:DIRECT_ACCESS \(Size:63M\)")
        self.assertRegex(output, rf"Lun:{first + 1}\s+Type:DIRECT_ACCESS \(Size:1023M\)")
        self.assertNotIn(f"Lun:{first + 2}", output)

    def test_works_over_ipv6(self):
        self.needs_reference("the stand-in listens on IPv4 only")
        server = self.serve(ipv6=True)
        output = self.succeed("iscsi-ls", "-s", server.portal_url())
        self.assertRegex(output, rf"Portal:\[::1\]:{server.port},\d+")
        self.qemu_io(server.url(), "write -P 0x66 0 1M", "read -P 0x66 0 1M")

    def test_needs_no_account_but_checks_one_that_is_shown(self):
        self.needs_reference("the stand-in lets everybody discover")
        server = self.serve(chap=Account("user", "a-secret-of-some-length"))
        self.succeed("iscsi-ls", server.portal_url())
        self.succeed("iscsi-ls", server.portal_url(account=False))
        self.fail_to("iscsi-ls", server.portal_url().replace("length", "lenght"))
        # Its units are another matter.
        self.assertNotIn("Lun:0", clients.run("iscsi-ls", "-s",
                                              server.portal_url(account=False)).output)

    def test_names_every_portal(self):
        self.needs_reference("two portals")
        server = self.serve(extra=["--listen", "[::1]:0"])
        output = self.succeed("iscsi-ls", server.portal_url())
        self.assertIn(f"127.0.0.1:{server.port}", output)
        self.assertIn("[::1]:", output)


class Inquiry(Scenario):
    def test_standard_data_and_every_page_that_is_listed(self):
        server = self.serve()
        self.assertIn("Peripheral Device Type:DIRECT_ACCESS",
                      self.succeed("iscsi-inq", server.url()))
        listed = self.succeed("iscsi-inq", "-e", "1", "-c", "0", server.url())
        for page, mark in ((0x00, "SUPPORTED_VPD_PAGES"), (0x80, "Unit Serial Number:["),
                           (0x83, "DEVICE DESIGNATOR #0"), (0xB0, "maximum transfer length"),
                           (0xB1, "Medium Rotation Rate"), (0xB2, "provisioning type")):
            with self.subTest(page=hex(page)):
                self.assertIn(f"Page:0x{page:02x}", listed)
                self.assertIn(mark, self.succeed("iscsi-inq", "-e", "1", "-c", page, server.url()))
        self.fail_to("iscsi-inq", "-e", "1", "-c", 0xDF, server.url())

    def test_capacity_is_that_of_the_disk(self):
        server = self.serve(luns=[Lun(64 * MIB), Lun(3 * MIB)])
        for index, size in ((0, 64 * MIB), (1, 3 * MIB)):
            output = self.succeed("iscsi-readcapacity16", server.url(index))
            self.assertIn(f"RETURNED LOGICAL BLOCK ADDRESS:{size // 512 - 1}", output)
            self.assertIn("LOGICAL BLOCK LENGTH IN BYTES:512", output)

    def test_ten_terabytes_are_promised_and_cost_nothing(self):
        self.needs_reference("sparse memory")
        server = self.serve(luns=[Lun(10 << 40)])
        output = self.succeed("iscsi-readcapacity16", server.url())
        self.assertIn(f"RETURNED LOGICAL BLOCK ADDRESS:{(10 << 40) // 512 - 1}", output)
        last = (10 << 40) - MIB
        self.qemu_io(server.url(), f"write -P 0x77 {last} 1M", f"read -P 0x77 {last} 1M",
                     f"read -P 0 {last - MIB} 1M")
        self.assertLess(server.resident_bytes(), 256 * MIB)

    def test_software_write_protection_is_switched_on_and_off(self):
        server = self.serve()
        self.succeed("iscsi-swp", "--swp=on", server.url())
        self.assertIn("SWP:1", self.succeed("iscsi-swp", server.url()))
        self.assertNotEqual(clients.qemu_io(server.url(), "write -P 1 0 4k").status, 0)
        self.succeed("iscsi-swp", "--swp=off", server.url())
        self.assertIn("SWP:0", self.succeed("iscsi-swp", server.url()))
        self.qemu_io(server.url(), "write -P 1 0 4k", "read -P 1 0 4k")

    def test_a_read_only_disk_refuses_writes(self):
        server = self.serve(luns=[Lun(4 * MIB, read_only=True)])
        self.assertNotEqual(clients.qemu_io(server.url(), "write -P 1 0 4k").status, 0)
        self.succeed("qemu-io", "-r", "-f", "raw", "-c", "read -P 0 0 1M", server.url())


if __name__ == "__main__":
    unittest.main()
