// Holds: a parameter list that is refused changes nothing; one that is taken changes changeable
// bits only, and MODE SENSE then returns what it said; what MODE SENSE returns is always taken.

#include <array>

#include "scsi/dispatch.hpp"
#include "scsi/mode_pages.hpp"
#include "support/entry.hpp"
#include "support/media.hpp"
#include "support/require.hpp"
#include "support/settings.hpp"

namespace iscsi::fuzz {
namespace {

using ::scsi::ModePages;
using ::scsi::Outcome;
using ::scsi::Status;
using wire::ByteView;
using Cdb = std::array<std::byte, 10>;

constexpr std::uint8_t mode_select_6 = 0x15, mode_select_10 = 0x55, mode_sense_10 = 0x5a;

Cdb mode_select(bool is_short, bool page_format, std::size_t length) {
  Cdb cdb{};
  cdb[0] = std::byte{is_short ? mode_select_6 : mode_select_10};
  cdb[1] = page_format ? std::byte{0x10} : std::byte{};
  if (is_short)
    wire::store<1>(cdb, 4, length);
  else
    wire::store<2>(cdb, 7, length);
  return cdb;
}

/// MODE SENSE(10): all pages, without a block descriptor if `dbd`, long ones if `llbaa`.
Cdb mode_sense(bool dbd, bool llbaa) {
  Cdb cdb{};
  cdb[0] = std::byte{mode_sense_10};
  cdb[1] = (dbd ? std::byte{0x08} : std::byte{}) | (llbaa ? std::byte{0x10} : std::byte{});
  cdb[2] = std::byte{0x3f};
  wire::store<2>(cdb, 7, 0xffff);
  return cdb;
}

class Bench {
 public:
  explicit Bench(Settings& settings) : unit_(settings.below(unit_configurations().size())) {
    const auto& configurations = unit_configurations();
    require(device_.add_unit(0, configurations[unit_]).has_value(), "the unit is in order");
  }

  Outcome run(const Cdb& cdb, ByteView parameters = {}) {
    return ::scsi::execute(device_, {.nexus = 1, .lun = 0, .cdb = cdb}, parameters, 0);
  }
  [[nodiscard]] const ModePages& pages() const { return device_.units().front().mode; }

  void select(const Cdb& cdb, ByteView list) {
    const ModePages before = pages();
    const Outcome outcome = run(cdb, list);
    require(outcome.status == Status::good || outcome.status == Status::check_condition,
            "a parameter list is taken or refused");
    if (outcome.status != Status::good) {
      require(pages() == before, "a refused parameter list changes nothing");
      if (outcome.sense.field && !outcome.sense.field->in_cdb)
        require(outcome.sense.field->byte < list.size(), "a refusal points into the list");
    }
    for (std::size_t i = 0; i < ModePages::bytes; ++i)
      require(
          ((pages().image()[i] ^ before.image()[i]) & ~ModePages::changeable()[i]) == std::byte{},
          "only changeable bits are changed");
  }

  /// MODE SENSE shows the pages as they are, and its data is a parameter list that changes nothing.
  void check_sense(bool dbd, bool llbaa) {
    const ModePages before = pages();
    Outcome sensed = run(mode_sense(dbd, llbaa));
    require(sensed.status == Status::good, "MODE SENSE returns all pages");
    wire::Bytes& data = sensed.data_in;
    const auto shown = ByteView{data}.last(ModePages::bytes);
    require(std::ranges::equal(shown, before.image()), "MODE SENSE shows the pages as they are");
    wire::store<2>(data, 0, 0);  // MODE DATA LENGTH is reserved in a list
    const Outcome selected = run(mode_select(false, true, data.size()), data);
    require(selected.status == Status::good && pages() == before,
            "what MODE SENSE returns is taken and changes nothing");
  }

 private:
  std::size_t unit_;
  ::scsi::Device device_;
};

}  // namespace
}  // namespace iscsi::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace iscsi::fuzz;
  const ByteView input = bytes_of(data, size);
  Settings settings{input};
  Bench bench{settings};
  const bool is_short = settings.flag();
  const std::size_t most = is_short ? 0xff : 0xffff;
  const ByteView list = input.first(std::min(size, most));
  // Sometimes the list is shorter, or longer, than the CDB says.
  const std::size_t told = settings.one_in(8) ? settings.below(most + 1) : list.size();
  bench.select(mode_select(is_short, !settings.one_in(8), told), list);
  bench.check_sense(settings.flag(), settings.flag());
  bench.select(mode_select(!is_short, true, list.size() & 0xffU), list);
  bench.check_sense(settings.flag(), settings.flag());
  return 0;
}
