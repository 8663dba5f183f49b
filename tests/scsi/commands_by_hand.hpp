#pragma once

/// Every command of the device once more, written down by hand, so that the tests of the table and
/// of the gate do not ask the table itself.

#include <cstdint>
#include <string_view>

namespace scsi {

struct KnownCommand {
  std::string_view cdb;        ///< a valid one, on the units of `Bench`
  std::string_view usage_map;  ///< REPORT SUPPORTED OPERATION CODES
  bool without_unit = false;
  bool under_attention = false;
  bool under_reservation = false;
  bool when_stopped = false;
  bool writes = false;
  std::string_view parameters{};
};

inline constexpr KnownCommand known_commands[] = {
    {"00 00 00 00 00 00", "00 00 00 00 00 04"},
    {.cdb = "03 00 00 00 12 00",
     .usage_map = "03 01 00 00 ff 04",
     .without_unit = true,
     .under_attention = true,
     .under_reservation = true,
     .when_stopped = true},
    {"08 00 00 01 01 00", "08 1f ff ff ff 04"},
    {.cdb = "0a 00 00 01 01 00", .usage_map = "0a 1f ff ff ff 04", .writes = true},
    {.cdb = "12 00 00 00 60 00",
     .usage_map = "12 03 ff ff ff 04",
     .without_unit = true,
     .under_attention = true,
     .under_reservation = true,
     .when_stopped = true},
    {.cdb = "15 10 00 00 04 00",
     .usage_map = "15 11 00 00 ff 04",
     .when_stopped = true,
     .parameters = "00 00 00 00"},
    {.cdb = "16 00 00 00 00 00", .usage_map = "16 11 00 00 00 04", .when_stopped = true},
    {.cdb = "17 00 00 00 00 00",
     .usage_map = "17 11 00 00 00 04",
     .under_reservation = true,
     .when_stopped = true},
    {.cdb = "1a 00 3f 00 ff 00", .usage_map = "1a 08 ff ff ff 04", .when_stopped = true},
    {.cdb = "1b 00 00 00 01 00",
     .usage_map = "1b 01 00 00 f7 04",
     .under_reservation = true,
     .when_stopped = true},
    {.cdb = "25 00 00 00 00 00 00 00 00 00",
     .usage_map = "25 00 ff ff ff ff 00 00 01 04",
     .under_reservation = true,
     .when_stopped = true},
    {"28 00 00 00 00 01 00 00 01 00", "28 f8 ff ff ff ff 00 ff ff 04"},
    {.cdb = "2a 00 00 00 00 01 00 00 01 00",
     .usage_map = "2a f8 ff ff ff ff 00 ff ff 04",
     .writes = true},
    {.cdb = "2e 00 00 00 00 01 00 00 01 00",
     .usage_map = "2e f6 ff ff ff ff 00 ff ff 04",
     .writes = true},
    {"2f 00 00 00 00 01 00 00 01 00", "2f f6 ff ff ff ff 00 ff ff 04"},
    {"34 00 00 00 00 01 00 00 01 00", "34 02 ff ff ff ff 00 ff ff 04"},
    {"35 00 00 00 00 01 00 00 01 00", "35 02 ff ff ff ff 00 ff ff 04"},
    {.cdb = "55 10 00 00 00 00 00 00 08 00",
     .usage_map = "55 11 00 00 00 00 00 ff ff 04",
     .when_stopped = true,
     .parameters = "00 00 00 00 00 00 00 00"},
    {.cdb = "5a 00 3f 00 00 00 00 00 ff 00",
     .usage_map = "5a 18 ff ff 00 00 00 ff ff 04",
     .when_stopped = true},
    {"88 00 00 00 00 00 00 00 00 01 00 00 00 01 00 00",
     "88 f8 ff ff ff ff ff ff ff ff ff ff ff ff 00 04"},
    {.cdb = "8a 00 00 00 00 00 00 00 00 01 00 00 00 01 00 00",
     .usage_map = "8a f8 ff ff ff ff ff ff ff ff ff ff ff ff 00 04",
     .writes = true},
    {.cdb = "8e 00 00 00 00 00 00 00 00 01 00 00 00 01 00 00",
     .usage_map = "8e f6 ff ff ff ff ff ff ff ff ff ff ff ff 00 04",
     .writes = true},
    {"8f 00 00 00 00 00 00 00 00 01 00 00 00 01 00 00",
     "8f f6 ff ff ff ff ff ff ff ff ff ff ff ff 00 04"},
    {"90 00 00 00 00 00 00 00 00 01 00 00 00 01 00 00",
     "90 02 ff ff ff ff ff ff ff ff ff ff ff ff 00 04"},
    {"91 00 00 00 00 00 00 00 00 01 00 00 00 01 00 00",
     "91 02 ff ff ff ff ff ff ff ff ff ff ff ff 00 04"},
    {.cdb = "9e 10 00 00 00 00 00 00 00 00 00 00 00 20 00 00",
     .usage_map = "9e 10 ff ff ff ff ff ff ff ff ff ff ff ff 01 04",
     .under_reservation = true,
     .when_stopped = true},
    {.cdb = "a0 00 00 00 00 00 00 00 01 00 00 00",
     .usage_map = "a0 00 ff 00 00 00 ff ff ff ff 00 04",
     .without_unit = true,
     .under_attention = true,
     .under_reservation = true,
     .when_stopped = true},
    {.cdb = "a3 0c 00 00 00 00 00 00 10 00 00 00",
     .usage_map = "a3 0c 87 ff ff ff ff ff ff ff 00 04",
     .when_stopped = true},
    {"a8 00 00 00 00 01 00 00 00 01 00 00", "a8 f8 ff ff ff ff ff ff ff ff 00 04"},
    {.cdb = "aa 00 00 00 00 01 00 00 00 01 00 00",
     .usage_map = "aa f8 ff ff ff ff ff ff ff ff 00 04",
     .writes = true},
    {.cdb = "ae 00 00 00 00 01 00 00 00 01 00 00",
     .usage_map = "ae f6 ff ff ff ff ff ff ff ff 00 04",
     .writes = true},
    {"af 00 00 00 00 01 00 00 00 01 00 00", "af f6 ff ff ff ff ff ff ff ff 00 04"},
};

}  // namespace scsi
