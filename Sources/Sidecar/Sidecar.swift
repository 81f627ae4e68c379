/// The composition root.
public enum Sidecar {
}
