#include "conformance/trace/convert.hpp"

#include <charconv>

#include "conformance/command/files.hpp"
#include "conformance/recording/convert.hpp"
#include "conformance/report/pcapng.hpp"
#include "conformance/trace/load.hpp"
#include "wire/bytes.hpp"

namespace conformance {
namespace {

bool read_records(const std::string& text, std::size_t& first, std::size_t& last) {
  const char* end = text.data() + text.size();
  const auto colon = std::from_chars(text.data(), end, first);
  if (colon.ec != std::errc{} || colon.ptr == end || *colon.ptr != ':') return false;
  const auto rest = std::from_chars(colon.ptr + 1, end, last);
  return rest.ec == std::errc{} && rest.ptr == end && first <= last;
}

bool read_secret(const std::string& text, std::optional<Secret>& secret) {
  if (text.empty()) return true;
  const std::size_t percent = text.find('%');
  if (percent == text.npos) return false;
  secret = Secret{text.substr(0, percent), text.substr(percent + 1)};
  return true;
}

/// What is wrong with the options; empty if nothing is.
std::string describe(const ConvertOptions& options, Recording& recording) {
  const auto take = [](const std::string& given, std::string& to) {
    if (!given.empty()) to = given;
  };
  take(options.claim, recording.claim);
  take(options.source, recording.source);
  take(options.initiator, recording.initiator);
  take(options.target, recording.target);
  take(options.note, recording.note);
  if (options.origin == "reconstructed") recording.origin = Origin::reconstructed;
  if (!read_secret(options.secret, recording.secret)) return "--secret takes user%secret";
  if (!read_secret(options.target_secret, recording.target_secret))
    return "--target-secret takes user%secret";
  return {};
}

}  // namespace

int convert(const ConvertOptions& options) {
  auto recording = load_any(options.from);
  if (!recording) return refuse(recording.error());
  if (const std::string wrong = describe(options, *recording); !wrong.empty()) return refuse(wrong);
  if (!options.records.empty()) {
    std::size_t first = 0;
    std::size_t last = 0;
    if (!read_records(options.records, first, last))
      return refuse("--records takes FIRST:LAST, counted from 0");
    cut(*recording, first, last);
  }
  for (const std::string& doubt : options.doubtful) {
    std::size_t record = 0;
    const auto read = std::from_chars(doubt.data(), doubt.data() + doubt.size(), record);
    if (read.ec != std::errc{} || *read.ptr != ':') return refuse("--doubtful takes RECORD:REASON");
    recording->doubtful.push_back({record, std::string{read.ptr + 1}});
  }
  if (options.facts) keep_facts(*recording);
  if (options.anonymise) anonymise(*recording);
  std::string out;
  if (options.to.ends_with(".json"))
    out = print_recording(*recording);
  else if (options.to.ends_with(".pcapng"))
    out = iscsi::wire::as_text(pcapng(recording->transcript, recording->claim));
  else
    return refuse("the second file ends in .json or .pcapng");
  return write_file(options.to, out) ? 0 : refuse(options.to + " cannot be written");
}

}  // namespace conformance
