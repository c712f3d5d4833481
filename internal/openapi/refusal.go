package openapi

import (
	"slices"
	"strconv"

	"github.com/florinpay/florin/internal/wire"
)

// kind is one status that a route can refuse with, and the routes that can.
type kind struct {
	status  int
	name    string
	about   string
	when    func(o *Operation) bool
	headers []string
}

func always(*Operation) bool { return true }

// kinds derive from an operation's rule and form what it can refuse with.
var kinds = []kind{
	{400, "Invalid", "The request is not valid, or says what cannot be; errors names each bad place.", always, []string{"Idempotent-Replayed"}},
	{401, "Unauthenticated", "The key is missing, unknown, expired or revoked.", always, []string{"WWW-Authenticate"}},
	{402, "Refused", "The answer is no: decline_code and advice say more. A new attempt needs a new Idempotency-Key.",
		func(o *Operation) bool { return o.MovesMoney }, []string{"Idempotent-Replayed"}},
	{403, "Forbidden", "The key lacks the scope, or its merchant is suspended.", always, []string{"WWW-Authenticate"}},
	{404, "NotFound", "There is no such object, or it is another merchant's.", (*Operation).names, []string{"Idempotent-Replayed"}},
	{406, "NotAcceptable", "None of the formats in Accept can be answered.", always, nil},
	{409, "Conflict", "The object's state does not allow it, or something is still running.",
		func(o *Operation) bool { return o.Creates || o.Body && len(o.Params) > 0 }, []string{"Idempotent-Replayed", "Retry-After"}},
	{413, "TooLarge", "The body is larger than 1 MiB.", (*Operation).reads, nil},
	{415, "MediaType", "The body's format is not one that is read.", (*Operation).reads, nil},
	{422, "KeyReused", "The Idempotency-Key was used with another request.", func(o *Operation) bool { return o.Creates }, nil},
	{424, "RailFailed", "A payment rail refused; the object is as it was before.", (*Operation).rail, []string{"Idempotent-Replayed"}},
	{429, "TooMany", "The key makes more calls than it may. Wait as Retry-After says.", always, []string{"Retry-After"}},
	{500, "Internal", "Something broke on our side. Report request_id; retry with the same Idempotency-Key.", always, nil},
	{503, "Unavailable", "Not available now. Wait as Retry-After says and retry with the same Idempotency-Key.", always, []string{"Retry-After"}},
}

// names reports whether the operation is about an object that the caller names. An
// account is looked up, also where it may be left out.
func (o *Operation) names() bool {
	must := required(o.Input)
	return len(o.Params) > 0 || slices.ContainsFunc(o.Query, func(x *wire.Member) bool { return must[x.Name] || x.Name == "account" })
}

func (o *Operation) reads() bool { return o.Body }

// rail reports whether the operation asks a payment rail for something that is not a
// payment, whose refusal would be a 402.
func (o *Operation) rail() bool {
	return o.Creates && (o.Scope == "payments:write" || o.Scope == "refunds:write")
}

func kindOf(status int) kind {
	return kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.status == status })]
}

// refusal is the answer of one status, with the codes that it can have.
func (w *writer) refusal(k kind) tree {
	var codes []string
	for _, c := range w.door.Codes {
		if c.Status == k.status {
			codes = append(codes, c.Name)
		}
	}
	narrow := tree{{"type", "object"}, {"properties", tree{{"status", of("const", k.status)}, {"code", of("enum", codes)}}}}
	content := tree{}
	for _, f := range w.door.Formats {
		if content.has(f.Problem) {
			continue // two names of a format have the same problems
		}
		schema := of("allOf", []tree{reference("schemas", w.shape(w.door.Problem, form{answer: true, xml: f.xml()})), narrow})
		if f.xml() {
			schema.set("xml", rootElement(w.door.Problem))
		}
		content.set(f.Problem, w.media(f, w.door.Problem.Message, schema, examples[strconv.Itoa(k.status)].Answer))
	}
	list := append([]string{"Request-Id", "Cache-Control", "Vary"}, k.headers...)
	if k.status != 401 {
		list = append(list, "RateLimit", "RateLimit-Policy")
	}
	return tree{{"description", k.about}, {"headers", named(list...)}, {"content", content}}
}

// named points to headers by their names.
func named(names ...string) tree {
	t := tree{}
	for _, name := range names {
		t.set(name, reference("headers", name))
	}
	return t
}

func header(about string, must bool, schema tree) tree {
	t := of("description", about)
	if must {
		t.set("required", true)
	}
	return t.with("schema", schema)
}

// headers of answers.
var headers = tree{
	{"Request-Id", header("Id of the request, for support; a problem repeats it.", true, of("type", "string").with("pattern", "^req_[0-9a-z]{26}$"))},
	{"Idempotent-Replayed", header("true: the answer is the first request's with this Idempotency-Key. Left out otherwise.", false, of("const", "true"))},
	{"Retry-After", header("Seconds after which a retry may succeed.", false, tree{{"type", "integer"}, {"minimum", 1}})},
	{"RateLimit", header("What is left of the key's limit: r calls, all again in t seconds (draft-ietf-httpapi-ratelimit-headers). Left out for a key without a limit.", false, of("type", "string"))},
	{"RateLimit-Policy", header("The key's limit: q calls in w seconds. Left out for a key without a limit.", false, of("type", "string"))},
	{"Cache-Control", header("Answers are not to be kept.", true, of("const", "no-store"))},
	{"Vary", header("The request's headers that the answer depends on.", true, of("pattern", "^Accept, Accept-Encoding(, Available-Dictionary)?$"))},
	{"Content-Encoding", header("How the body is compressed, where Accept-Encoding asked for it. Left out for plain bytes.", false, of("enum", []string{"gzip", "zstd", "dcz"}))},
	{"Content-Disposition", header("A name for the file, with text/csv. Left out otherwise.", false, of("type", "string"))},
	{"Link", header("Where the dictionary of dcz is (RFC 9842), for who takes dcz and does not hold it.", false, of("type", "string"))},
	{"WWW-Authenticate", header("How to authenticate (RFC 6750 §3).", false, of("type", "string"))},
}
