package api

import (
	"strings"

	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/openapi"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

// Describe tells of the door in OpenAPI: of every URL that it routes, in every
// format that it speaks.
func (s *Server) Describe(version string) openapi.Document {
	return openapi.Describe(s.described(version))
}

// DescribeEvents tells in AsyncAPI of the events that the door sends. issuer is where its
// OAuth is; "" for none.
func (s *Server) DescribeEvents(version, issuer string) openapi.Document {
	var types []openapi.Event
	for _, t := range event.Catalogue() {
		types = append(types, openapi.Event(t))
	}
	return openapi.DescribeEvents(s.described(version), issuer, types)
}

func (s *Server) described(version string) openapi.Door {
	d := openapi.Door{Version: version, Shapes: s.shapes, Problem: s.shapes[(&florinv1.Problem{}).ProtoReflect().Descriptor().FullName()]}
	for _, r := range s.router.all() {
		if !r.page && r.rpc == nil {
			d.Operations = append(d.Operations, operationOf(r))
		}
	}
	for _, c := range s.codecs {
		d.Formats = append(d.Formats, openapi.Format{Requests: []string{c.media}, Answer: mediaOf(c.answer), Problem: mediaOf(c.problem)})
	}
	for _, f := range fault.Declared() {
		d.Codes = append(d.Codes, openapi.Code{Name: f.Code, Status: answers[f.Kind].status})
	}
	return d
}

func operationOf(r *route) openapi.Operation {
	o := openapi.Operation{Verb: r.verb, URL: r.pattern, Body: r.body, Given: r.given}
	if r.method == nil {
		return o
	}
	m := r.method
	o.Procedure, o.Scope, o.Creates, o.MovesMoney = m.procedure, m.rule.Scope, m.rule.Creates, m.rule.MovesMoney
	o.ByGrant = m.rule.ByGrant
	o.Input, o.Output = m.input, m.output
	o.Again = r.again
	if r.stream {
		o.Series, o.Endless = r.series(), m.rule.Endless
	}
	for _, p := range r.params {
		o.Params = append(o.Params, string(p.Name()))
	}
	for _, x := range m.input.Members {
		if r.inQuery(x) {
			o.Query = append(o.Query, x)
		}
	}
	return o
}

// mediaOf is a Content-Type header without its parameters.
func mediaOf(header []string) string {
	media, _, _ := strings.Cut(header[0], ";")
	return media
}
