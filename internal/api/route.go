package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/florinpay/florin/internal/wire"
)

// route is one HTTP method of one URL.
type route struct {
	verb    string
	pattern string
	method  *method                        // nil: answered at the porch
	params  []protoreflect.FieldDescriptor // what the {…} of the pattern fill, in order
	given   wire.FieldSet                  // the same, as a set
	body    bool                           // the other fields come in the body, not in the query
	porch   func(v *visit)                 // instead of method
	rpc     http.Handler                   // of the method's own URL, in the RPC protocols
	stream  bool                           // answers with more than one message
	page    bool                           // of the porch: a document, which is no part of the API
	beside  bool                           // of the porch: handed to a handler that is none of ours
	again   int                            // 0: the method's first URL; else its number among the others
}

// routesOf reads the google.api.http option of d. It panics on forms that are
// not used here, so that none is half understood.
func routesOf(d protoreflect.MethodDescriptor, m *method) []*route {
	rule, _ := proto.GetExtension(d.Options(), annotations.E_Http).(*annotations.HttpRule)
	if rule == nil && m.stream {
		return nil // has no end, so no file either: for the RPC protocols only
	}
	if rule == nil {
		panic("api: a method with one answer has a URL: " + m.procedure)
	}
	routes := []*route{newRoute(rule, m)}
	for i, more := range rule.GetAdditionalBindings() {
		r := newRoute(more, m)
		r.again = i + 1
		routes = append(routes, r)
	}
	return routes
}

func newRoute(rule *annotations.HttpRule, m *method) *route {
	r := &route{method: m, body: rule.GetBody() == "*", stream: m.stream}
	switch p := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		r.verb, r.pattern = "GET", p.Get
	case *annotations.HttpRule_Post:
		r.verb, r.pattern = "POST", p.Post
	case *annotations.HttpRule_Delete:
		r.verb, r.pattern = "DELETE", p.Delete
	}
	if r.verb == "" || r.body != (r.verb == "POST") || rule.GetResponseBody() != "" || rule.GetBody() != "" && !r.body {
		panic("api: a form of google.api.http that is not understood: " + m.procedure)
	}
	if r.stream && r.verb != "GET" {
		panic("api: over REST a stream is read by GET: " + m.procedure) // it may be cut, and is begun again
	}
	for segment := range strings.SplitSeq(r.pattern[1:], "/") {
		if name, isParam := paramName(segment); isParam {
			r.bind(name)
		}
	}
	if len(r.params) > paramsMax {
		panic("api: too many parameters in " + r.pattern)
	}
	return r
}

func (r *route) bind(name string) {
	x := r.method.input.Named[name]
	if x == nil || x.Kind != wire.KindText || x.List || x.Dict {
		panic(fmt.Sprintf("api: %s: no plain string field %q", r.pattern, name))
	}
	r.params = append(r.params, x.Field)
	r.given |= x.Bit()
}

// paramName is the field that a segment such as {id} fills.
func paramName(segment string) (name string, isParam bool) {
	if !strings.ContainsAny(segment, "{}*:=") {
		return "", false
	}
	name = strings.TrimSuffix(strings.TrimPrefix(segment, "{"), "}")
	if len(name) != len(segment)-2 || strings.ContainsAny(name, "{}*:=.") {
		panic("api: a form of URL pattern that is not understood: " + segment)
	}
	return name, true
}

// Route is one line of the list of routes.
type Route struct {
	Verb, URL, Procedure, Scope string
	Creates, MovesMoney         bool
	ByGrant                     bool // also reached by a payer's grant, for what is that payer's own
}

// Routes lists what the contract's methods answer to in REST, in the order of URLs.
func (s *Server) Routes() []Route {
	var list []Route
	for _, r := range s.router.all() {
		if r.method != nil && r.rpc == nil {
			rule := r.method.rule
			list = append(list, Route{r.verb, r.pattern, r.method.procedure, rule.Scope, rule.Creates, rule.MovesMoney, rule.ByGrant})
		}
	}
	slices.SortFunc(list, func(a, b Route) int { return strings.Compare(a.URL+" "+a.Verb, b.URL+" "+b.Verb) })
	return list
}
