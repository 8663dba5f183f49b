#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <utility>

#include "conformance/model/anatomy.hpp"
#include "conformance/recording/recording.hpp"
#include "support/login_settings.hpp"
#include "support/pdu_stream.hpp"
#include "tools/seed.hpp"

/// What real initiators have said, from the recordings of `traces/captured`: of each, the
/// connection with the most requests. Logins are seeds of the harness `login`, the rest is one of
/// `session`, whose connections have logged in. Data is cut, for a seed is to be small; digests are
/// left out.

namespace iscsi::fuzz {
namespace {

namespace files = std::filesystem;

constexpr std::size_t most_bytes = 4096;
constexpr std::size_t most_data_bytes = 512;

conformance::Recording load(const files::path& path) {
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  auto recording = conformance::load_recording(path.stem().string(), text);
  if (!recording) {
    std::fprintf(stderr, "%s is no recording\n", path.c_str());
    std::exit(2);
  }
  return *std::move(recording);
}

std::vector<InputPdu> longest_connection(const conformance::Transcript& transcript) {
  std::map<conformance::ConnectionNumber, std::vector<InputPdu>> said;
  for (const conformance::Record& record : transcript) {
    if (record.kind != conformance::Record::Kind::sent) continue;
    const auto parts = conformance::dissect(record.bytes);
    if (!parts) continue;  // not all of it was seen
    InputPdu pdu;
    std::ranges::copy(parts->header, pdu.header.begin());
    pdu.additional_headers.assign(parts->additional_headers.begin(),
                                  parts->additional_headers.end());
    pdu.data.assign(parts->data.begin(), parts->data.end());
    said[record.connection].push_back(std::move(pdu));
  }
  if (said.empty()) return {};
  return std::ranges::max_element(said, {}, [](const auto& one) { return one.second.size(); })
      ->second;
}

/// The text of a Login Request, with the names that the harness's target and initiators have.
wire::Bytes with_our_names(const wire::Bytes& text) {
  std::string renamed{wire::as_text(text)};
  for (const auto& [key, ours] :
       {std::pair{"InitiatorName=", initiator_name}, std::pair{"TargetName=", target_name}}) {
    const std::size_t begin = renamed.find(key);
    if (begin == renamed.npos) continue;
    const std::size_t value = begin + std::string_view{key}.size();
    renamed.replace(value, std::min(renamed.find('\0', value), renamed.size()) - value, ours);
  }
  return bytes_of_text(renamed);
}

}  // namespace

std::vector<Seed> recorded_seeds(const files::path& traces) {
  if (!files::is_directory(traces / "captured")) {
    std::fprintf(stderr, "%s has no folder `captured`\n", traces.c_str());
    std::exit(2);
  }
  std::vector<files::path> paths;
  for (const auto& entry : files::recursive_directory_iterator(traces / "captured"))
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  std::ranges::sort(paths);

  std::vector<Seed> seeds;
  for (const files::path& path : paths) {
    std::vector<InputPdu> login, rest;
    std::size_t bytes = 0;
    for (InputPdu& pdu : longest_connection(load(path).transcript)) {
      const bool is_login = pdu.opcode() == static_cast<std::uint8_t>(pdu::Opcode::login_request);
      if (is_login)
        pdu.data = with_our_names(pdu.data);
      else
        pdu.data.resize(std::min(pdu.data.size(), most_data_bytes));
      pdu.repair_lengths();
      if (!is_login) bytes += join({pdu}).size();
      if (bytes > most_bytes) break;
      (is_login ? login : rest).push_back(std::move(pdu));
    }
    const std::string name =
        "captured-" + path.parent_path().filename().string() + '-' + path.stem().string();
    if (!login.empty()) seeds.push_back({.folder = "login", .name = name, .bytes = join(login)});
    if (!rest.empty()) seeds.push_back({.folder = "session", .name = name, .bytes = join(rest)});
  }
  return seeds;
}

}  // namespace iscsi::fuzz
