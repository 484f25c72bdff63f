// Command sigstore-go verifies one keyless bundle over and over with the library of that name, its
// verifier made once, and prints what one verification took.
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func main() {
	if len(os.Args) != 7 {
		log.Fatal("usage: sigstore-go ARTIFACT BUNDLE TRUSTED_ROOT ISSUER SUBJECT COUNT")
	}
	artifact, raw := must(os.ReadFile(os.Args[1])), must(os.ReadFile(os.Args[2]))
	trusted := must(root.NewTrustedRootFromPath(os.Args[3]))
	identity := must(verify.NewShortCertificateIdentity(os.Args[4], "", os.Args[5], ""))
	count := must(strconv.Atoi(os.Args[6]))
	options := []verify.VerifierOption{verify.WithTransparencyLog(1), verify.WithObserverTimestamps(1)}
	if len(trusted.CTLogs()) > 0 {
		options = append(options, verify.WithSignedCertificateTimestamps(1))
	}
	verifier := must(verify.NewVerifier(trusted, options...))
	once := func() {
		var parsed bundle.Bundle
		if err := parsed.UnmarshalJSON(raw); err != nil {
			log.Fatal(err)
		}
		policy := verify.NewPolicy(verify.WithArtifact(bytes.NewReader(artifact)), verify.WithCertificateIdentity(identity))
		must(verifier.Verify(&parsed, policy))
	}
	once()
	if count == 0 {
		return // One process, one verification.
	}
	before, start := cpu(), time.Now()
	for range count {
		once()
	}
	wall, used := time.Since(start), cpu()-before
	fmt.Printf("%d verifications: wall %v each, CPU %v each\n", count, wall/time.Duration(count), used/time.Duration(count))
}
