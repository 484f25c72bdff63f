//! Lazaret: operator and command line in one binary.
fn main() {
    for (name, crd) in lazaret::api::CRD_FILES {
        std::fs::write(format!("crds/{name}"), lazaret::api::crd_yaml(&crd()).unwrap()).unwrap();
    }
}
