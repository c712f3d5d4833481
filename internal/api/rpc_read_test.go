package api

import (
	"encoding/base64"
	"encoding/json"

	"connectrpc.com/connect/v2"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

// statusProblem is the problem in a google.rpc.Status as gRPC sends it.
func (h *house) statusProblem(header string) *florinv1.Problem {
	data, err := connect.DecodeBinaryHeader(header)
	if err != nil {
		h.t.Fatal(err)
	}
	var status spb.Status
	if err := proto.Unmarshal(data, &status); err != nil {
		h.t.Fatal(err)
	}
	var problem florinv1.Problem
	if err := status.Details[0].UnmarshalTo(&problem); err != nil {
		h.t.Fatal(err)
	}
	return &problem
}

// connectProblem is the problem in Connect's JSON of an error.
func (h *house) connectProblem(body []byte) *florinv1.Problem {
	var e struct {
		Details []struct{ Type, Value string }
	}
	if err := json.Unmarshal(body, &e); err != nil || len(e.Details) == 0 || e.Details[0].Type != "florin.v1.Problem" {
		h.t.Errorf("no problem in %s: %v", body, err)
		return &florinv1.Problem{}
	}
	data, err := base64.RawStdEncoding.DecodeString(e.Details[0].Value)
	if err != nil {
		h.t.Fatal(err)
	}
	var problem florinv1.Problem
	if err := proto.Unmarshal(data, &problem); err != nil {
		h.t.Fatal(err)
	}
	return &problem
}
