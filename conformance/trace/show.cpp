#include "conformance/trace/show.hpp"

#include <cstdio>
#include <fstream>

#include "conformance/capture/capture.hpp"
#include "conformance/command/files.hpp"
#include "conformance/command/options.hpp"
#include "conformance/report/built_in.hpp"
#include "conformance/report/ladder.hpp"
#include "conformance/report/markup.hpp"
#include "conformance/report/print.hpp"
#include "conformance/report/tasks.hpp"

namespace conformance {
namespace {

constexpr std::size_t most_rows = 20000;  // beyond, browsers give up

/// Nothing where they are not told.
std::string ends_text(const Endpoints& ends) {
  if (ends.initiator.empty() && ends.target.empty()) return {};
  return ends.initiator + " -> " + ends.target;
}

/// What a conversation is shown on.
class View {
 public:
  View() = default;
  View(const View&) = delete;
  View& operator=(const View&) = delete;
  View(View&&) = delete;
  View& operator=(View&&) = delete;
  virtual ~View() = default;
  /// `ends` is told with the record that opens the connection.
  virtual void record(const Record& record, std::string_view task, const Endpoints& ends) = 0;
  virtual void note(const std::string& text) = 0;
  virtual void end() = 0;
};

class TextView : public View {
 public:
  explicit TextView(bool full) : full_{full} {}
  void record(const Record& record, std::string_view task, const Endpoints& ends) override {
    append_packet_line(text_, record, task);
    if (const std::string text = ends_text(ends); !text.empty()) text_ += ", " + text;
    text_ += '\n';
    if (full_) append_details(text_, record);
    if (text_.size() > bytes_at_once) write();
  }
  void note(const std::string& text) override { text_ += text + "\n"; }
  void end() override {
    write();
    std::fflush(stdout);
  }

 private:
  static constexpr std::size_t bytes_at_once = 64U << 10U;
  void write() {
    std::fwrite(text_.data(), 1, text_.size(), stdout);
    text_.clear();
  }
  bool full_ = false;
  std::string text_;
};

class PageView : public View {
 public:
  PageView(const std::string& file, const std::string& capture) : out_{file, std::ios::binary} {
    const std::string title = escaped(capture);
    out_ << "<!doctype html>\n<html lang=en><meta charset=utf-8>"
            "<meta name=viewport content=\"width=device-width\">"
            "<meta name=color-scheme content=\"light dark\">"
            "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; "
            "style-src 'unsafe-inline'\">\n<title>"
         << title << "</title>\n<style>\n"
         << page_style << "</style>\n<main>\n<header><p class=dim>captured iSCSI</p><h1>" << title
         << "</h1></header>\n"
         << ladder_head();
  }
  void record(const Record& record, std::string_view task, const Endpoints& ends) override {
    if (++rows_ > most_rows) return;
    const std::string text = ends_text(ends);
    out_ << ladder_row(record, text.empty() ? task : text);
  }
  void note(const std::string& text) override {
    if (notes_.size() < most_rows) notes_ += "<p class=note>" + escaped(text) + "</p>\n";
  }
  void end() override {
    out_ << ladder_end();
    if (rows_ > most_rows)
      out_ << "<p class=note>" << rows_ - most_rows << " more are not shown</p>\n";
    out_ << notes_ << "</main>\n</html>\n";
    out_.flush();
  }
  [[nodiscard]] bool is_written() const { return static_cast<bool>(out_); }

 private:
  std::ofstream out_;
  std::string notes_;
  std::size_t rows_ = 0;
};

int show_on(View& view, const ShowOptions& options) {
  auto capture = Capture::open(options.capture);
  if (!capture) return refuse(capture.error());
  TaskNames tasks;
  std::uint64_t records = 0;
  int status = exit_expected;
  while (true) {
    const auto record = capture->next();
    if (record && *record) {
      ++records;
      const bool opens = (*record)->kind == Record::Kind::opened;
      view.record(**record, tasks.about(**record),
                  opens ? capture->endpoints((*record)->connection) : Endpoints{});
    }
    for (const CaptureNote& note : capture->take_notes()) view.note("note: " + note.print());
    if (record && *record) continue;
    if (!record) view.note(record.error());
    view.end();
    if (!record) return refuse(options.capture + ": " + record.error());
    break;
  }
  if (records == 0) status = refuse(options.capture + ": no iSCSI in it");
  return status;
}

}  // namespace

int show(const ShowOptions& options) {
  if (options.html.empty()) {
    TextView view{options.full};
    return show_on(view, options);
  }
  PageView view{options.html, options.capture};
  if (!view.is_written()) return refuse("cannot write " + options.html);
  const int status = show_on(view, options);
  return view.is_written() ? status : refuse("cannot write " + options.html);
}

}  // namespace conformance
