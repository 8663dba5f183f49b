/// What an input of PDUs is, in words; and what is simpler than it.
/// Usage: fuzz_show FILE               each PDU with its fields that are not zero
///        fuzz_show --less FOLDER FILE  writes into FOLDER, which exists, one file for each thing
///        that
///                                     can be left out: a PDU, its data, its additional headers, a
///                                     field; the names sort from the coarse to the fine
/// Exit status 0, or 2 if the file cannot be read.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "conformance/report/print.hpp"
#include "support/pdu_stream.hpp"
#include "support/steering.hpp"

namespace iscsi::fuzz {
namespace {

namespace files = std::filesystem;
using Pdus = std::vector<InputPdu>;

void show(const Pdus& pdus) {
  for (std::size_t i = 0; i < pdus.size(); ++i) {
    const Steering steering = steering_of(pdus[i]);
    const conformance::Record record{
        .kind = conformance::Record::Kind::sent,
        .connection = static_cast<conformance::ConnectionNumber>(steering.connection),
        .bytes = join({pdus[i]})};
    std::printf("%s\n", conformance::print_record(record, i).c_str());
    if (pdus[i].header[steering_byte] != std::byte{} || pdus[i].header[event_byte] != std::byte{})
      std::printf("    bytes 2 and 3 (steering, where there are several connections): %02x %02x\n",
                  std::to_integer<unsigned>(pdus[i].header[steering_byte]),
                  std::to_integer<unsigned>(pdus[i].header[event_byte]));
  }
}

/// Writes inputs that are simpler than one.
class Less {
 public:
  Less(files::path folder, Pdus pdus) : folder_(std::move(folder)), pdus_(std::move(pdus)) {}

  void write() {
    // From the back: what comes later seldom matters to what came before.
    for (std::size_t i = pdus_.size(); i-- > 0 && pdus_.size() > 1;) {
      Pdus fewer = pdus_;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      put(fewer);
    }
    for (std::size_t i = 0; i < pdus_.size(); ++i) {
      if (!pdus_[i].data.empty()) without(i, [](InputPdu& pdu) { pdu.data.clear(); });
      if (pdus_[i].data.size() > 8)
        without(i, [](InputPdu& pdu) { pdu.data.resize(pdu.data.size() / 2); });
      if (!pdus_[i].additional_headers.empty())
        without(i, [](InputPdu& pdu) { pdu.additional_headers.clear(); });
      for (std::size_t byte = 1; byte < pdu::bhs_bytes; ++byte)
        if ((byte < 4 || byte > 7) && pdus_[i].header[byte] != std::byte{})
          without(i, [byte](InputPdu& pdu) { pdu.header[byte] = {}; });
      if (const pdu::Description* description = pdu::describe(pdus_[i].opcode()))
        for (const pdu::Field& field : description->fields) without_field(i, field);
    }
  }

 private:
  void without_field(std::size_t i, const pdu::Field& field) {
    // A byte that is a field was tried above; the lengths are made right by themselves.
    const std::size_t first = field.place.first_bit();
    if (first < 8 || (first >= 32 && first < 64) || field.place.width > 64) return;
    if (field.kind == pdu::EntryKind::reserved || pdus_[i].field(field.place) == 0) return;
    without(i, [&field](InputPdu& pdu) { pdu.set_field(field.place, 0); });
  }

  template <class Change>
  void without(std::size_t i, Change change) {
    Pdus changed = pdus_;
    change(changed[i]);
    changed[i].repair_lengths();
    if (changed[i] != pdus_[i]) put(changed);
  }

  void put(const Pdus& pdus) {
    std::string name = std::to_string(count_++);
    name.insert(0, 6 - std::min<std::size_t>(6, name.size()), '0');
    std::ofstream file(folder_ / name, std::ios::binary);
    const wire::Bytes bytes = join(pdus);
    const std::string_view text = wire::as_text(bytes);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
  }

  files::path folder_;
  Pdus pdus_;
  std::size_t count_ = 0;
};

}  // namespace
}  // namespace iscsi::fuzz

int main(int count, char** values) {
  using namespace iscsi::fuzz;
  const bool less = count == 4 && std::string_view{values[1]} == "--less";
  if (!less && count != 2) {
    std::fprintf(stderr, "usage: fuzz_show FILE, or fuzz_show --less FOLDER FILE\n");
    return 2;
  }
  std::ifstream file(values[count - 1], std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "%s: cannot be read\n", values[count - 1]);
    return 2;
  }
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  const auto pdus = split(iscsi::wire::as_bytes(text));
  if (less)
    Less{values[2], pdus}.write();
  else
    show(pdus);
  return 0;
}
