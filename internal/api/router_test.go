package api

import (
	"bytes"
	"fmt"
	"testing"

	"connectrpc.com/connect/v2"

	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
)

func TestRouter(t *testing.T) {
	var table router
	for _, pattern := range []string{"/a", "/a/{id}", "/a/{id}/b", "/a/fixed", "/a/fixed/{id}/c", "/a/{x}/{y}/{z}"} {
		table.add(&route{verb: "GET", pattern: pattern})
	}
	for path, want := range map[string]string{
		"/a": "/a", "/a/1": "/a/{id} 1", "/a/1/b": "/a/{id}/b 1", "/a/fixed": "/a/fixed",
		"/a/fixed/b": "/a/{id}/b fixed", "/a/fixed/7/c": "/a/fixed/{id}/c 7", "/a/fixed/7/d": "/a/{x}/{y}/{z} fixed 7 d",
		"/a/{id}": "/a/{id} {id}",
		"":        "", "/": "", "a": "", "/a/": "", "//a": "", "/a//b": "", "/b": "", "/a/1/b/": "", "/a/1/2/3/4": "", "/A": "",
	} {
		var params [paramsMax]string
		got := ""
		if n := table.find(path, &params); n != nil {
			r := n.route("GET")
			got = r.pattern
			for _, p := range params {
				if p != "" {
					got += " " + p
				}
			}
		}
		if got != want {
			t.Errorf("%q finds %q, want %q", path, got, want)
		}
	}
}

func TestRouterRefusesTwins(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("two routes for one URL were taken")
		}
	}()
	var table router
	table.add(&route{verb: "GET", pattern: "/a/{id}"})
	table.add(&route{verb: "GET", pattern: "/a/{name}"})
}

func FuzzRouter(f *testing.F) {
	f.Add("/v1/payments/x")
	door := wholeContract()
	f.Fuzz(func(t *testing.T, path string) {
		var params [paramsMax]string
		door.router.find(path, &params)
	})
}

// wholeContract is a door with every service of the contract, none of which answers.
func wholeContract() *Server {
	return New(Config{}, func(s *connect.Server) {
		florinv1connect.RegisterApiKeyServiceHandler(s, florinv1connect.UnimplementedApiKeyServiceHandler{})
		florinv1connect.RegisterCardServiceHandler(s, florinv1connect.UnimplementedCardServiceHandler{})
		florinv1connect.RegisterDisputeServiceHandler(s, florinv1connect.UnimplementedDisputeServiceHandler{})
		florinv1connect.RegisterEventServiceHandler(s, florinv1connect.UnimplementedEventServiceHandler{})
		florinv1connect.RegisterExportServiceHandler(s, florinv1connect.UnimplementedExportServiceHandler{})
		florinv1connect.RegisterLedgerServiceHandler(s, florinv1connect.UnimplementedLedgerServiceHandler{})
		florinv1connect.RegisterGrantServiceHandler(s, florinv1connect.UnimplementedGrantServiceHandler{})
		florinv1connect.RegisterMerchantServiceHandler(s, florinv1connect.UnimplementedMerchantServiceHandler{})
		florinv1connect.RegisterPayerServiceHandler(s, florinv1connect.UnimplementedPayerServiceHandler{})
		florinv1connect.RegisterPaymentServiceHandler(s, florinv1connect.UnimplementedPaymentServiceHandler{})
		florinv1connect.RegisterQuoteServiceHandler(s, florinv1connect.UnimplementedQuoteServiceHandler{})
		florinv1connect.RegisterRefundServiceHandler(s, florinv1connect.UnimplementedRefundServiceHandler{})
		florinv1connect.RegisterStatementServiceHandler(s, florinv1connect.UnimplementedStatementServiceHandler{})
		florinv1connect.RegisterSandboxServiceHandler(s, florinv1connect.UnimplementedSandboxServiceHandler{})
		florinv1connect.RegisterWebhookServiceHandler(s, florinv1connect.UnimplementedWebhookServiceHandler{})
		florinv1connect.RegisterWalletServiceHandler(s, florinv1connect.UnimplementedWalletServiceHandler{})
	})
}

func TestRoutesGolden(t *testing.T) {
	var out bytes.Buffer
	out.WriteString("# method URL rpc scope creates moves_money by_grant\n")
	for _, r := range wholeContract().Routes() {
		fmt.Fprintf(&out, "%-6s %-28s %-42s %-16s %-5t %-5t %t\n", r.Verb, r.URL, r.Procedure, r.Scope, r.Creates, r.MovesMoney, r.ByGrant)
	}
	golden(t, "routes.golden", out.Bytes())
}
