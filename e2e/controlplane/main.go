// Command controlplane is etcd, kube-apiserver, kube-controller-manager and kubectl in one binary:
// its own name or its first argument says which. Linked once they share most of their code, so that
// one binary is half the size and half the link time of four.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

var parts = map[string]func(){
	"etcd":                    func() { etcdmain.Main(os.Args) },
	"kube-apiserver":          func() { os.Exit(cli.Run(apiserver.NewAPIServerCommand())) },
	"kube-controller-manager": func() { os.Exit(cli.Run(controllermanager.NewControllerManagerCommand())) },
	"kubectl": func() {
		kubectlutil.CheckErr(cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()))
	},
}

func main() {
	part, known := parts[filepath.Base(os.Args[0])]
	if !known && len(os.Args) > 1 {
		os.Args = os.Args[1:]
		part, known = parts[os.Args[0]]
	}
	if !known {
		fmt.Fprintln(os.Stderr, "which one? controlplane etcd|kube-apiserver|kube-controller-manager|kubectl [flags]")
		os.Exit(2)
	}
	if os.Getenv("LAZARET_DIE_WITH_STDIN") != "" {
		go dieWithStdin()
	}
	part()
}

// dieWithStdin ends this process when whoever started it is gone: the pipe's other end closes with
// its holder, however that died, SIGKILL included. A killed owner cannot tidy up either, so the one
// part that is told to takes the instance's folder along.
func dieWithStdin() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	if dir := os.Getenv("LAZARET_SWEEP"); strings.HasPrefix(filepath.Base(dir), "lazaret-controlplane-") {
		// The other parts are dying too and may still write: a second pass catches what came after.
		for range 3 {
			_ = os.RemoveAll(dir)
		}
	}
	os.Exit(0)
}
