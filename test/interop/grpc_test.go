//go:build interop

// Package interop holds the platform against programs that are not its own: it builds
// florin as people do, starts it on a fresh folder, and lets them talk to it. Its tests
// have the build tag interop.
package interop

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// grpcAsk runs grpcurl without TLS and gives what it printed. The last argument is
// the method, or what else is asked for.
func grpcAsk(t *testing.T, s grpcServer, args ...string) (said string, ok bool) {
	t.Helper()
	program, err := grpcCurl()
	if err != nil {
		t.Fatal(err)
	}
	last := len(args) - 1
	all := append([]string{"-plaintext", "-max-time", "20"}, args[:last]...)
	out, err := exec.CommandContext(t.Context(), program, append(all, s.Address, args[last])...).CombinedOutput()
	return string(out), err == nil
}

func (s grpcServer) bearer() string { return "-H=authorization: Bearer " + s.Key }

// TestGRPCurl calls with reflection, as a developer does in the sandbox.
func TestGRPCurl(t *testing.T) {
	s := grpcDev(t)
	said, ok := grpcAsk(t, s, "list")
	for _, want := range []string{"florin.v1.PaymentService", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"} {
		if !ok || !strings.Contains(said, want) {
			t.Errorf("list lacks %s: %s", want, said)
		}
	}
	said, ok = grpcAsk(t, s, s.bearer(), `-d={"amount":100,"currency":"USD","source":"tok_visa"}`, "florin.v1.PaymentService/CreatePayment")
	var p struct{ ID, Status string }
	if err := json.Unmarshal([]byte(said), &p); err != nil || !ok || p.Status != "PAYMENT_STATUS_SUCCEEDED" {
		t.Errorf("a payment: %v: %s", err, said)
	}
	said, ok = grpcAsk(t, s, s.bearer(), `-d={"amount":100,"currency":"USD","source":"tok_stolen_card"}`, "florin.v1.PaymentService/CreatePayment")
	if ok || !strings.Contains(said, "Code: FailedPrecondition") || !strings.Contains(said, `"declineCode": "stolen_card"`) {
		t.Errorf("a decline: %s", said)
	}
	said, ok = grpcAsk(t, s, "grpc.health.v1.Health/Check")
	if !ok || !strings.Contains(said, "SERVING") {
		t.Errorf("the health: %s", said)
	}
}

// TestGRPCReflectionInProduction is off unless it is asked for; health and the
// methods are served either way.
func TestGRPCReflectionInProduction(t *testing.T) {
	off := grpcServe(t)
	if said, ok := grpcAsk(t, off, "list"); ok || !strings.Contains(said, "does not support the reflection API") {
		t.Errorf("off: %s", said)
	}
	contract := []string{"-import-path", filepath.Join(grpcRoot, "proto"), "-proto", "florin/v1/payment.proto", "-proto", "florin/v1/problem.proto", "florin.v1.PaymentService/ListPayments"}
	if said, ok := grpcAsk(t, off, contract...); ok || !strings.Contains(said, "Code: Unauthenticated") || !strings.Contains(said, "credentials_missing") {
		t.Errorf("a call without a key: %s", said)
	}
	on := grpcServe(t, "--reflection")
	if said, ok := grpcAsk(t, on, "list"); !ok || !strings.Contains(said, "florin.v1.EventService") {
		t.Errorf("on: %s", said)
	}
}

// grpcPython is a Python with the packages that the project names.
func grpcPython(t *testing.T) string {
	t.Helper()
	if given := os.Getenv("FLORIN_TEST_PYTHON_GRPC"); given != "" {
		return given
	}
	dir := t.TempDir()
	own := filepath.Join(dir, "bin", "python")
	grpcRun(t, nil, "python3", "-m", "venv", dir)
	grpcRun(t, nil, own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r", filepath.Join(grpcRoot, "tools/requirements-grpc.txt"))
	return own
}

func grpcRun(t *testing.T, environment []string, program string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), program, args...)
	c.Env = append(os.Environ(), environment...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
	return string(out)
}

// TestGRPCPython makes stubs from the contract with grpcio-tools, and calls with grpcio.
func TestGRPCPython(t *testing.T) {
	python, stubs, proto := grpcPython(t), t.TempDir(), filepath.Join(grpcRoot, "proto")
	files, err := filepath.Glob(filepath.Join(proto, "florin/v1/*.proto"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no contract: %v", err)
	}
	args := []string{"-m", "grpc_tools.protoc", "-I", proto, "--python_out", stubs, "--grpc_python_out", stubs, filepath.Join(proto, "buf/validate/validate.proto")}
	grpcRun(t, nil, python, append(args, files...)...)
	s := grpcDev(t)
	const body = `{"amount":100,"currency":"USD","source":"tok_visa"}`
	r, _ := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/v1/payments", strings.NewReader(body))
	r.Header = http.Header{"Authorization": {"Bearer " + s.Key}, "Content-Type": {"application/json"}, "Idempotency-Key": {"seed"}}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	var made struct{ ID, Status string }
	if err := json.Unmarshal(text, &made); err != nil || made.Status != "succeeded" {
		t.Fatalf("REST: %v: %s", err, text)
	}
	said := grpcRun(t, []string{"PYTHONPATH=" + stubs, "PYTHONDONTWRITEBYTECODE=1"}, python, "testdata/grpc_client.py", s.Address, s.Key, made.ID, "seed")
	if strings.TrimSpace(said) != "all is well" {
		t.Errorf("the client: %s", said)
	}
}
