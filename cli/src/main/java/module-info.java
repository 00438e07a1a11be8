/** The {@code tokenwise} command. */
module io.tokenwise.cli {
    requires info.picocli;
    requires java.desktop;
    requires io.tokenwise.engine;
    requires io.tokenwise.server;
    requires io.tokenwise.testdata;
    requires org.apache.commons.csv;
    requires tools.jackson.databind;

    opens io.tokenwise.cli to
            info.picocli,
            tools.jackson.databind;
}
