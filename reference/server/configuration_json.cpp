/// The JSON form of the configuration: strict, table by table. The only file of the server that
/// includes the JSON library.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <utility>

#include "server/configuration_values.hpp"

namespace iscsi::server {
namespace {

using json = nlohmann::json;

/// A value and where it stands, as `luns[2].size`.
struct Node {
  const json& value;
  std::string path;

  [[noreturn]] void refuse(const std::string& complaint) const {
    throw Wrong{(path.empty() ? "" : path + ": ") + complaint};
  }
  [[noreturn]] void refuse_type(std::string_view expected) const {
    refuse(std::string("expected ").append(expected).append(", found ") + value.type_name());
  }

  [[nodiscard]] const std::string& text() const {
    if (!value.is_string()) refuse_type("a string");
    return value.get_ref<const std::string&>();
  }
  [[nodiscard]] bool flag() const {
    if (!value.is_boolean()) refuse_type("true or false");
    return value.get<bool>();
  }
  /// A value as flags and text negotiation spell it.
  [[nodiscard]] std::string word() const {
    if (value.is_boolean()) return value.get<bool>() ? "Yes" : "No";
    if (value.is_number_unsigned()) return std::to_string(value.get<std::uint64_t>());
    if (!value.is_string()) refuse_type("a string, a whole number, true or false");
    return text();
  }
  [[nodiscard]] std::vector<Node> items() const {
    if (!value.is_array()) refuse_type("an array");
    std::vector<Node> nodes;
    for (const json& item : value)
      nodes.push_back({item, path + '[' + std::to_string(nodes.size()) + ']'});
    return nodes;
  }
  [[nodiscard]] std::vector<std::pair<std::string, Node>> members() const {
    if (!value.is_object()) refuse_type("an object");
    std::vector<std::pair<std::string, Node>> nodes;
    for (const auto& [key, member] : value.items())
      nodes.emplace_back(key, Node{member, path.empty() ? key : path + '.' + key});
    return nodes;
  }

  template <typename T>
  [[nodiscard]] T accept(Parsed<T> parsed) const {
    if (!parsed) refuse(parsed.error());
    return *std::move(parsed);
  }
  void accept(const Complaint& complaint) const {
    if (complaint) refuse(*complaint);
  }
};

/// One key of an object and what its value does to a `T`.
template <typename T>
struct Member {
  std::string_view name;
  void (*read)(T& into, const Node& node);
};

template <typename T, std::size_t N>
void read_object(const Node& node, const Member<T> (&known)[N], T& into) {
  for (const auto& [key, member] : node.members()) {
    const auto* const row = std::ranges::find(known, key, &Member<T>::name);
    if (row == std::end(known)) {
      std::string names;
      for (const Member<T>& each : known) names.append(names.empty() ? "" : ", ").append(each.name);
      member.refuse("unknown key, expected one of " + names);
    }
    row->read(into, member);
  }
}

std::uint64_t read_size(const Node& node) { return node.accept(parse_size(node.word())); }

// Logical units: the notation of --lun, or an object.

struct UnitObject {
  LogicalUnit unit;
  bool has_medium = false;
};

void read_memory(UnitObject& into, const Node& node) {
  if (std::exchange(into.has_medium, true)) node.refuse("expected either memory or file");
  into.unit.kind = LogicalUnit::Kind::memory;
  into.unit.size_bytes = read_size(node);
}

void read_file_path(UnitObject& into, const Node& node) {
  if (std::exchange(into.has_medium, true)) node.refuse("expected either memory or file");
  into.unit.kind = LogicalUnit::Kind::file;
  into.unit.path = node.text();
  if (into.unit.path.empty()) node.refuse("expected a path, found nothing");
}

void read_file_size(UnitObject& into, const Node& node) {
  if (into.unit.kind != LogicalUnit::Kind::file) node.refuse("only a file has a separate size");
  into.unit.size_bytes = read_size(node);
}

void read_resident(UnitObject& into, const Node& node) {
  if (into.unit.kind != LogicalUnit::Kind::memory) node.refuse("only memory has a resident size");
  into.unit.resident_bytes = read_size(node);
}

void read_block_size(UnitObject& into, const Node& node) {
  // The flag's notation is the only one that knows which sizes are possible.
  const auto parsed = parse_logical_unit("memory:1M,block-size=" + node.word());
  into.unit.block_bytes = node.accept(parsed).block_bytes;
}

/// Members are visited in alphabetical order, so that `file` and `memory` come before what
/// depends on them, all but `block-size`, which does not.
constexpr Member<UnitObject> unit_members[] = {
    {"block-size", read_block_size},
    {"file", read_file_path},
    {"memory", read_memory},
    {"read-only", [](UnitObject& into, const Node& node) { into.unit.read_only = node.flag(); }},
    {"resident", read_resident},
    {"size", read_file_size},
};

LogicalUnit read_logical_unit(const Node& node) {
  if (node.value.is_string()) return node.accept(parse_logical_unit(node.text()));
  UnitObject object;
  read_object(node, unit_members, object);
  if (!object.has_medium) node.refuse("expected a member memory or file");
  return object.unit;
}

// Accounts.

void read_secret_text(Account& into, const Node& node) {
  if (!into.secret.empty()) node.refuse("expected either secret or secret-file");
  into.secret = node.text();
}

void read_secret_file(Account& into, const Node& node) {
  if (!into.secret.empty()) node.refuse("expected either secret or secret-file");
  into.secret = node.accept(read_secret(node.text()));
}

constexpr Member<Account> account_members[] = {
    {"name", [](Account& into, const Node& node) { into.name = node.text(); }},
    {"secret", read_secret_text},
    {"secret-file", read_secret_file},
};

Account read_account(const Node& node) {
  Account account;
  read_object(node, account_members, account);
  if (account.name.empty()) node.refuse("expected a member name");
  if (account.secret.empty()) node.refuse("expected a member secret or secret-file");
  node.accept(check_account(account));
  return account;
}

// The whole.

constexpr Member<Redirection> redirection_members[] = {
    {"to",
     [](Redirection& into, const Node& node) { into.to = node.accept(parse_portal(node.text())); }},
    {"permanent", [](Redirection& into, const Node& node) { into.permanent = node.flag(); }},
};

Redirection read_redirection(const Node& node) {
  Redirection redirection;
  read_object(node, redirection_members, redirection);
  if (redirection.to.host.empty()) node.refuse("expected a member to");
  return redirection;
}

/// An object whose keys are names that `set` knows.
template <typename Owner>
void read_named(const Node& node, Owner& owner,
                Complaint (*set)(Owner&, std::string_view, std::string_view)) {
  for (const auto& [key, member] : node.members()) member.accept(set(owner, key, member.word()));
}

constexpr Member<Configuration> configuration_members[] = {
    {"listen",
     [](Configuration& into, const Node& node) {
       for (const Node& item : node.items())
         into.listen.push_back(item.accept(parse_portal(item.text())));
     }},
    {"luns",
     [](Configuration& into, const Node& node) {
       for (const Node& item : node.items()) into.logical_units.push_back(read_logical_unit(item));
     }},
    {"name",
     [](Configuration& into, const Node& node) {
       into.target_name = node.accept(parse_node_name(node.text()));
     }},
    {"alias", [](Configuration& into,
                 const Node& node) { into.target_alias = node.accept(parse_alias(node.text())); }},
    {"chap",
     [](Configuration& into, const Node& node) {
       for (const Node& item : node.items()) into.chap.push_back(read_account(item));
     }},
    {"mutual-chap",
     [](Configuration& into, const Node& node) { into.mutual_chap = read_account(node); }},
    {"initiators",
     [](Configuration& into, const Node& node) {
       for (const Node& item : node.items())
         into.initiators.push_back(item.accept(parse_node_name(item.text())));
     }},
    {"redirect",
     [](Configuration& into, const Node& node) { into.redirection = read_redirection(node); }},
    {"deadlines",
     [](Configuration& into, const Node& node) { read_named(node, into.deadlines, set_deadline); }},
    {"limits",
     [](Configuration& into, const Node& node) { read_named(node, into.bounds, set_bound); }},
    {"text",
     [](Configuration& into, const Node& node) { read_named(node, into.text, set_text_key); }},
    {"record", [](Configuration& into, const Node& node) { into.record = node.text(); }},
};

/// Watches the parser for a key that an object repeats: the library would keep the last one.
class RepeatedKeys {
 public:
  void see(json::parse_event_t event, const json& parsed) {
    using Event = json::parse_event_t;
    switch (event) {
      case Event::object_start: open_.emplace_back(); break;
      case Event::array_start: open_.emplace_back().is_array = true; break;
      case Event::key: see_key(parsed.get<std::string>()); break;
      case Event::object_end:
      case Event::array_end: open_.pop_back(); [[fallthrough]];
      case Event::value:
        if (!open_.empty()) ++open_.back().index;
        break;
    }
  }

  [[nodiscard]] const std::string& found() const { return found_; }

 private:
  struct Level {
    bool is_array = false;
    std::size_t index = 0;
    std::string key;
    std::set<std::string> keys;
  };

  void see_key(std::string key) {
    Level& level = open_.back();
    level.key = key;
    if (!level.keys.insert(std::move(key)).second && found_.empty()) found_ = path();
  }

  [[nodiscard]] std::string path() const {
    std::string text;
    for (const Level& level : open_)
      if (level.is_array)
        text += '[' + std::to_string(level.index) + ']';
      else
        text += (text.empty() ? "" : ".") + level.key;
    return text;
  }

  std::vector<Level> open_;
  std::string found_;
};

/// "line 3, column 14" of a place in the text, both counted from one.
std::string place(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, byte == 0 ? 0 : byte - 1);
  const auto line = 1 + std::ranges::count(before, '\n');
  const std::size_t column = before.size() - (before.rfind('\n') + 1) + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

json parse_document(std::string_view text) {
  RepeatedKeys repeated;
  json document;
  try {
    document = json::parse(text, [&](int, json::parse_event_t event, json& parsed) {
      repeated.see(event, parsed);
      return true;
    });
  } catch (const json::parse_error& error) {
    throw Wrong{place(text, error.byte) + ": not valid JSON"};
  } catch (const json::exception&) {  // a number beyond any type
    throw Wrong{"not valid JSON"};
  }
  if (!repeated.found().empty()) throw Wrong{repeated.found() + ": the key is there twice"};
  return document;
}

// Writing.

json print_unit(const LogicalUnit& unit) {
  json object{{"block-size", unit.block_bytes}, {"read-only", unit.read_only}};
  const bool is_file = unit.kind == LogicalUnit::Kind::file;
  if (is_file) object["file"] = unit.path;
  if (unit.size_bytes) object[is_file ? "size" : "memory"] = *unit.size_bytes;
  if (unit.resident_bytes) object["resident"] = *unit.resident_bytes;
  return object;
}

json print_account(const Account& account) {
  return {{"name", account.name}, {"secret", account.secret}};
}

json print_named(const NamedValues& values) {
  json object = json::object();
  for (const auto& [name, value] : values) object[name] = value;
  return object;
}

}  // namespace

std::string configuration_to_json(const Configuration& configuration) {
  json document{{"name", configuration.target_name},
                {"alias", configuration.target_alias},
                {"initiators", configuration.initiators},
                {"deadlines", print_named(deadline_values(configuration.deadlines))},
                {"limits", print_named(bound_values(configuration.bounds))},
                {"text", print_named(text_values(configuration.text))},
                {"listen", json::array()},
                {"luns", json::array()},
                {"chap", json::array()}};
  for (const Portal& portal : configuration.listen) document["listen"].push_back(to_text(portal));
  for (const LogicalUnit& unit : configuration.logical_units)
    document["luns"].push_back(print_unit(unit));
  for (const Account& account : configuration.chap)
    document["chap"].push_back(print_account(account));
  if (configuration.mutual_chap)
    document["mutual-chap"] = print_account(*configuration.mutual_chap);
  if (configuration.redirection)
    document["redirect"] = {{"to", to_text(configuration.redirection->to)},
                            {"permanent", configuration.redirection->permanent}};
  return document.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

std::expected<Configuration, std::string> configuration_from_json(std::string_view text,
                                                                  const std::string& source) {
  try {
    const json document = parse_document(text);
    Configuration configuration;
    read_object(Node{document, ""}, configuration_members, configuration);
    return configuration;
  } catch (const Wrong& wrong) {
    return std::unexpected(source + ": " + wrong.line);
  }
}

}  // namespace iscsi::server
