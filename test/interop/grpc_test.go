//go:build interop

package interop

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/florinpay/florin/test/process"
)

// grpcurl asks without TLS and gives what was said. The last argument is the method, or
// what else is asked for.
func grpcurl(t *testing.T, s *process.Process, args ...string) (said string, ok bool) {
	t.Helper()
	last := len(args) - 1
	all := append([]string{"-plaintext", "-max-time", "20"}, args[:last]...)
	out, err := run(t, patience, ".", nil, tool(t, goTools, "grpcurl"), append(all, s.Address(), args[last])...)
	return out, err == nil
}

// TestGRPCurl calls with reflection, as a developer does in the sandbox.
func TestGRPCurl(t *testing.T) {
	s := dev(t)
	bearer := "-H=authorization: Bearer " + s.Key
	said, ok := grpcurl(t, s, "list")
	for _, want := range []string{"florin.v1.PaymentService", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"} {
		if !ok || !strings.Contains(said, want) {
			t.Errorf("list lacks %s: %s", want, said)
		}
	}
	said, ok = grpcurl(t, s, bearer, `-d={"amount":100,"currency":"USD","source":"tok_visa"}`, "florin.v1.PaymentService/CreatePayment")
	var p struct{ ID, Status string }
	if err := json.Unmarshal([]byte(said), &p); err != nil || !ok || p.Status != "PAYMENT_STATUS_SUCCEEDED" {
		t.Errorf("a payment: %v: %s", err, said)
	}
	said, ok = grpcurl(t, s, bearer, `-d={"amount":100,"currency":"USD","source":"tok_stolen_card"}`, "florin.v1.PaymentService/CreatePayment")
	if ok || !strings.Contains(said, "Code: FailedPrecondition") || !strings.Contains(said, `"declineCode": "stolen_card"`) {
		t.Errorf("a decline: %s", said)
	}
	said, ok = grpcurl(t, s, "grpc.health.v1.Health/Check")
	if !ok || !strings.Contains(said, "SERVING") {
		t.Errorf("the health: %s", said)
	}
}

// TestGRPCReflectionInProduction is off unless it is asked for; health and the
// methods are served either way.
func TestGRPCReflectionInProduction(t *testing.T) {
	off := serve(t, t.TempDir())
	if said, ok := grpcurl(t, off, "list"); ok || !strings.Contains(said, "does not support the reflection API") {
		t.Errorf("off: %s", said)
	}
	contract := []string{"-import-path", root + "/proto", "-proto", "florin/v1/payment.proto", "-proto", "florin/v1/problem.proto", "florin.v1.PaymentService/ListPayments"}
	if said, ok := grpcurl(t, off, contract...); ok || !strings.Contains(said, "Code: Unauthenticated") || !strings.Contains(said, "credentials_missing") {
		t.Errorf("a call without a key: %s", said)
	}
	on := serve(t, t.TempDir(), "--reflection")
	if said, ok := grpcurl(t, on, "list"); !ok || !strings.Contains(said, "florin.v1.EventService") {
		t.Errorf("on: %s", said)
	}
}

// stubs are what grpcio-tools makes of the contract that s gives away.
func stubs(t *testing.T, s *process.Process) (dir string) {
	t.Helper()
	archive := fetch(t, s.URL+"/proto.zip")
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	contract, dir := t.TempDir(), t.TempDir()
	if err := os.CopyFS(contract, z); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(contract, "florin/v1/*.proto"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no contract in the archive: %v", err)
	}
	args := []string{"-m", "grpc_tools.protoc", "-I", contract, "--python_out", dir, "--grpc_python_out", dir, filepath.Join(contract, "buf/validate/validate.proto")}
	must(t, contract, nil, tool(t, pythonTools, "python"), append(args, files...)...)
	return dir
}

// client runs a client in Python that has stubs of the contract and ends by saying that
// all is well.
func client(t *testing.T, s *process.Process, name string, args ...string) {
	t.Helper()
	environment := []string{"PYTHONPATH=" + stubs(t, s), "PYTHONDONTWRITEBYTECODE=1", "NO_PROXY=127.0.0.1"}
	said := must(t, "testdata", environment, tool(t, pythonTools, "python"), append([]string{name}, args...)...)
	if !strings.HasSuffix(strings.TrimSpace(said), "all is well") {
		t.Errorf("%s: %s", name, said)
	}
}

// TestGRPCPython calls with grpcio.
func TestGRPCPython(t *testing.T) {
	s := dev(t)
	a := ask(t, s, "POST", "/v1/payments", `{"amount":100,"currency":"USD","source":"tok_visa"}`, "Idempotency-Key", "seed")
	var made struct{ ID, Status string }
	if err := json.Unmarshal(a.body, &made); err != nil || made.Status != "succeeded" {
		t.Fatalf("REST: %v: %s", err, a.body)
	}
	client(t, s, "grpc_client.py", s.Address(), s.Key, made.ID, "seed")
}

// TestOnePayment makes one payment in each format and protocol, and retries it in all
// the others.
func TestOnePayment(t *testing.T) {
	s := dev(t)
	client(t, s, "one_payment.py", s.URL, s.Key)
}
